namespace OrleansDtm.Client.Tests.Barrier;

/// <summary>Barriers for calls of a coordinator.</summary>
internal static class Calls
{
    private static int _last;

    public static string NewGid() => $"barrier-{Environment.ProcessId}-{Interlocked.Increment(ref _last)}";

    /// <summary>Returns a new barrier, as for a new or repeated call.</summary>
    public static BranchBarrier Of(string gid, string op, string branch = "01") =>
        new(new BranchContext(TypeOf(op), gid, branch, op));

    private static string TypeOf(string op) => op switch
    {
        "try" or "confirm" or "cancel" => "tcc",
        "commit" or "rollback" => "workflow",
        "msg" => "msg",
        _ => "saga",
    };
}

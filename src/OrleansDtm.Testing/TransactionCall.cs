namespace OrleansDtm.Testing;

/// <summary>A call of a branch, by the coordinator or by the SDK of the submitter.</summary>
public sealed class TransactionCall
{
    internal TransactionCall(
        string gid, string branchId, string op, string url, int attempt, DateTimeOffset at, string fault) =>
        (Gid, BranchId, Op, Url, Attempt, At, Fault) = (gid, branchId, op, url, attempt, at, fault);

    /// <summary>The gid of the transaction.</summary>
    public string Gid { get; }

    /// <summary>The branch id: "01", "02", ...; "00" for query_prepared and the callback of a workflow.</summary>
    public string BranchId { get; }

    /// <summary>action, compensate, try, confirm, cancel, ...</summary>
    public string Op { get; }

    /// <summary>The URL, without the query that the coordinator adds.</summary>
    public string Url { get; }

    /// <summary>1 for the first call.</summary>
    public int Attempt { get; }

    /// <summary>The virtual time of the call (UTC).</summary>
    public DateTimeOffset At { get; }

    /// <summary>The virtual time of the outcome (UTC); null = the call is under way.</summary>
    public DateTimeOffset? Ended { get; private set; }

    /// <summary>The outcome.</summary>
    public CallOutcome Outcome { get; private set; }

    /// <summary>The error or the reason; empty on success.</summary>
    public string Error { get; private set; } = "";

    /// <summary>The scripted fault, such as "fails (1 of 3)"; empty = none.</summary>
    public string Fault { get; }

    /// <summary>For messages.</summary>
    public override string ToString() => $"{BranchId} {Op} {Url}, attempt {Attempt}: {Outcome}";

    internal void End(DateTimeOffset at, CallOutcome outcome, string? error) =>
        (Ended, Outcome, Error) = (at, outcome, error ?? "");
}

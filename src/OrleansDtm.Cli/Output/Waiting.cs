using OrleansDtm.Protocol;

namespace OrleansDtm.Cli.Output;

/// <summary>What a transaction waits for, in words. The coordinator decides which reason it is.</summary>
internal sealed class Waiting(TransactionView transaction, DateTime now)
{
    private readonly WaitingView? _waiting = Words.IsFinal(transaction) ? null : transaction.Waiting;

    /// <summary>The call that can be retried or resolved; null = none.</summary>
    public WaitingView? Call =>
        _waiting is { Reason: "retry" or "ongoing" or "parked" or "silo", BranchId: not null } ? _waiting : null;

    /// <summary>The error of the call that it waits for; null = none.</summary>
    public string? LastError => _waiting?.LastError;

    /// <summary>One sentence.</summary>
    public string Describe()
    {
        if (Words.IsFinal(transaction))
        {
            var end = transaction.FinishTime ?? transaction.RollbackTime ?? transaction.UpdateTime;
            return $"ended {Words.Time(end)}, {Words.Duration(end - transaction.CreateTime)} after its creation";
        }

        var back = transaction.Status == "aborting" ? "rolling back: " : "";
        return _waiting switch
        {
            { Reason: "silo" } => $"{Words.Due(transaction.NextCronTime, now)}: no silo works on it. Check the "
                + "coordinators' /health/ready and their log.",
            { Reason: "parked" } call => $"{back}{call.BranchId} {call.Op} is put aside after "
                + $"{Words.Count(call.Attempts, "attempt")}{Since(call)}: retry or resolve it{Others(call)}",
            { Reason: "retry" or "ongoing" } call => $"{back}{call.BranchId} {call.Op} "
                + (call.Reason == "ongoing" ? "is in progress after " : "did not succeed in ")
                + $"{Words.Count(call.Attempts, "attempt")}{Since(call)}; next attempt {Until(call)}{Others(call)}",
            { Reason: "orphan" } call => $"{back}{call.BranchId} {call.Op} waits until a call of a silo that ended "
                + $"cannot arrive any more; next attempt {Until(call)}{Others(call)}",
            { Reason: "answer" } call => $"{back}{call.BranchId} {call.Op} is in flight{Since(call)}; checked again "
                + Until(call),
            { Reason: "submit" } submit => OfPrepared(Until(submit)),
            { Reason: "delay" } delay => $"its delay ends {Until(delay)}",
            _ => $"{back}checked again {Words.Due(transaction.NextCronTime, now)}",
        };
    }

    private string Until(WaitingView waiting) => waiting.Until is { } until ? Words.Due(until, now) : "never";

    private string Since(WaitingView call) => call.Since is { } since && now - since >= TimeSpan.FromMinutes(1)
        ? $" for {(call.SinceEarlier ? "more than " : "")}{Words.Duration(now - since)}"
        : "";

    private static string Others(WaitingView call) =>
        call.Others > 0 ? $"; {Words.Count(call.Others, "other call")} wait{(call.Others == 1 ? "s" : "")} too" : "";

    private string OfPrepared(string due) => transaction.TransType switch
    {
        "msg" => $"waits for its submit; query_prepared is called {due}",
        "workflow" => $"waits for the end of its code; query_prepared is called {due}",
        _ => $"waits for its submit or abort; is rolled back {due}",
    };
}

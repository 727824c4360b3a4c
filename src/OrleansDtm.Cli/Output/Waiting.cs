using OrleansDtm.Protocol;

namespace OrleansDtm.Cli.Output;

/// <summary>What a transaction waits for.</summary>
internal sealed class Waiting
{
    private readonly TransactionView _transaction;
    private readonly IReadOnlyList<BranchView> _branches;
    private readonly IReadOnlyList<BranchView> _retries;
    private readonly DateTime _now;

    public Waiting(TransactionView transaction, IReadOnlyList<BranchView> branches, DateTime now)
    {
        (_transaction, _branches, _now) = (transaction, branches, now);
        _retries = Words.IsFinal(transaction)
            ? []
            : [.. branches
                .Where(static b => b is { Status: "prepared", NextRetryTime: not null })
                .OrderBy(static b => b.NextRetryTime)];
    }

    /// <summary>The call that is retried next; null = none.</summary>
    public BranchView? Call => _retries.Count > 0 ? _retries[0] : null;

    /// <summary>The error of <see cref="Call"/>; null = none.</summary>
    public string? LastError => Call?.LastError;

    /// <summary>One sentence.</summary>
    public string Describe()
    {
        if (Words.IsFinal(_transaction))
        {
            var end = _transaction.FinishTime ?? _transaction.RollbackTime ?? _transaction.UpdateTime;
            return $"ended {Words.Time(end)}, {Words.Duration(end - _transaction.CreateTime)} after its creation";
        }

        var due = Words.Due(_transaction.NextCronTime, _now);
        if (Words.IsOverdue(_transaction, _now))
        {
            return $"{due}: no silo works on it. Check the coordinators' /health/ready and their log.";
        }

        return Call is { } call ? OfRetry(call)
            : _transaction.Status == "prepared" ? OfPrepared(due)
            : IsDelayed() ? $"its delay ends {due}"
            : $"{(_transaction.Status == "aborting" ? "rolling back: " : "")}calls are in flight; checked again {due}";
    }

    /// <summary>A msg with a delay makes no call before its end.</summary>
    private bool IsDelayed() => _transaction is { TransType: "msg", Status: "submitted" }
        && _branches.All(static b => b.Attempts == 0)
        && _transaction.CustomData?.Contains("\"delay\"", StringComparison.Ordinal) == true;

    private string OfRetry(BranchView call)
    {
        var waits = call.History is [.., { Outcome: "ongoing" }]
            ? $"is in progress after {Words.Count(call.Attempts, "attempt")}"
            : $"did not succeed in {Words.Count(call.Attempts, "attempt")}";
        var others = _retries.Count > 1 ? $"; {Words.Count(_retries.Count - 1, "other call")} wait for a retry" : "";
        return $"{(_transaction.Status == "aborting" ? "rolling back: " : "")}{call.BranchId} {call.Op} {waits}; "
            + $"next attempt {Words.Due(call.NextRetryTime!.Value, _now)}{others}";
    }

    private string OfPrepared(string due) => _transaction.TransType switch
    {
        "msg" => $"waits for its submit; query_prepared is called {due}",
        "workflow" => $"waits for the end of its code; query_prepared is called {due}",
        _ => $"waits for its submit or abort; is rolled back {due}",
    };
}

namespace OrleansDtm.Core;

/// <summary>The kinds of <see cref="Waiting"/>.</summary>
public enum WaitReason
{
    /// <summary>Its time has passed and no silo has worked on it.</summary>
    Silo,

    /// <summary>A call is put aside until an operator retries or resolves it.</summary>
    Parked,

    /// <summary>A call of a process that ended may still arrive at the service.</summary>
    Orphan,

    /// <summary>A call did not succeed and is repeated.</summary>
    Retry,

    /// <summary>A service answered ONGOING and is asked again.</summary>
    Ongoing,

    /// <summary>A call is in flight.</summary>
    Answer,

    /// <summary>It is prepared, and its submitter has neither submitted nor aborted it.</summary>
    Submit,

    /// <summary>The delay of a message is not over.</summary>
    Delay,

    /// <summary>None of the others; it is looked at again at the given time.</summary>
    Time,
}

/// <summary>Why an unfinished transaction has not ended: the one reason that an operator wants to know.</summary>
public sealed record Waiting
{
    /// <summary>A due time that is longer ago is overdue: a sweep every second should have found it.</summary>
    public static readonly TimeSpan OverdueAfter = TimeSpan.FromSeconds(10);

    public required WaitReason Reason { get; init; }

    /// <summary>The call that it waits for; null = it waits for no call.</summary>
    public BranchOp? Call { get; init; }

    /// <summary>The start of this state (UTC); null = unknown.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>True if it began before <see cref="Since"/>: the history does not reach further back.</summary>
    public bool SinceEarlier { get; init; }

    /// <summary>The time at which it goes on by itself (UTC); null = it does not.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Other calls that wait for a retry or are put aside.</summary>
    public int Others { get; init; }

    /// <summary>Null = the transaction has ended.</summary>
    public static Waiting? Of(Transaction transaction, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        if (transaction.IsFinal)
        {
            return null;
        }

        var waiting = OfOpen(transaction);
        return now - transaction.Due > OverdueAfter
            ? waiting with
            {
                Reason = WaitReason.Silo,
                Since = transaction.Due,
                SinceEarlier = false,
                Until = null,
            }
            : waiting;
    }

    /// <summary>The attempts of the call that it waits for; 0 = it waits for no call, or has ended.</summary>
    public static int AttemptsOf(Transaction transaction)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return transaction.IsFinal ? 0 : OfOpen(transaction).Call?.Attempts ?? 0;
    }

    private static Waiting OfOpen(Transaction transaction)
    {
        var open = Open(transaction).ToList();
        var stuck = open.Where(static c => c.Parked || c.RetryAt is not null)
            .OrderByDescending(static c => c.Parked)
            .ThenBy(static c => c.RetryAt)
            .ToList();
        return stuck.Count > 0 ? OfCall(stuck[0], stuck.Count - 1)
            : open.FirstOrDefault(static c => c.InFlight) is { } flying
            ? new Waiting
            {
                Reason = WaitReason.Answer,
                Call = flying,
                Since = transaction.Updated,
                Until = transaction.Due,
            }
            : transaction.Status == TransactionStatus.Prepared
            ? new Waiting
            {
                Reason = WaitReason.Submit,
                Since = transaction.Definition.Created,
                Until = transaction.Due,
            }
            : IsDelayed(transaction)
            ? new Waiting
            {
                Reason = WaitReason.Delay,
                Since = transaction.Definition.Submitted ?? transaction.Definition.Created,
                Until = transaction.Due,
            }
            : new Waiting { Reason = WaitReason.Time, Since = transaction.Updated, Until = transaction.Due };
    }

    private static IEnumerable<BranchOp> Open(Transaction transaction)
    {
        if (transaction.Query is { Status: BranchStatus.Prepared } query)
        {
            yield return query;
        }

        foreach (var branch in transaction.Branches)
        {
            if (branch.Status == BranchStatus.Prepared)
            {
                yield return branch;
            }
        }
    }

    private static Waiting OfCall(BranchOp call, int others)
    {
        // Where the row of answers without success began.
        var first = call.History.Length;
        while (first > 0 && call.History[first - 1].Outcome != OutcomeKind.Succeeded)
        {
            first--;
        }

        return new Waiting
        {
            Reason = call.Parked ? WaitReason.Parked
                : call.WaitsForOrphan ? WaitReason.Orphan
                : call.History is [.., { Outcome: OutcomeKind.Ongoing }] ? WaitReason.Ongoing
                : WaitReason.Retry,
            Call = call,
            Since = first < call.History.Length ? call.History[first].At - call.History[first].Duration : null,
            SinceEarlier = first == 0 && call.Attempts > call.History.Length,
            Until = call.Parked ? null : call.RetryAt,
            Others = others,
        };
    }

    /// <summary>A msg with a delay makes no call before its end.</summary>
    private static bool IsDelayed(Transaction transaction) =>
        transaction.Definition is { Type: TransactionType.Msg, Options.Delay.Ticks: > 0 }
        && transaction.Branches.All(static b => !b.Started);
}

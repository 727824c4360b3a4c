using System.Collections.Immutable;

namespace OrleansDtm.Core;

/// <summary>One attempt of a call, or an operator's manual resolution of it.</summary>
/// <param name="At">The time of the response (UTC).</param>
/// <param name="Duration">Latency; zero if an operator resolved the call.</param>
/// <param name="Outcome">The outcome of the attempt.</param>
/// <param name="Error">The error, or the operator's reason; null on success.</param>
public readonly record struct Attempt(DateTimeOffset At, TimeSpan Duration, OutcomeKind Outcome, string? Error);

/// <summary>A branch call and its progress. Immutable: each change creates a new object.</summary>
public sealed record BranchOp
{
    /// <summary>The number of attempts that <see cref="History"/> keeps.</summary>
    public const int HistoryMax = 8;

    public required BranchOpDefinition Definition { get; init; }

    public BranchStatus Status { get; init; } = BranchStatus.Prepared;

    /// <summary>
    /// True if the branch may have run: it was called, or the call was about to be made when this was stored.
    /// </summary>
    public bool Started { get; init; }

    /// <summary>True if a call is in flight, or was when this was stored.</summary>
    public bool InFlight { get; init; }

    /// <summary>The number of finished attempts, whatever their outcome.</summary>
    public int Attempts { get; init; }

    /// <summary>Consecutive errors: the exponent of the next backoff delay.</summary>
    public int Failures { get; init; }

    /// <summary>The time of the next attempt (UTC); null = no retry is pending.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>
    /// The time until which a call of a process that ended may still reach the service (UTC); null = no such call. For
    /// a compensation that waits for its action's lost call, the action's time.
    /// </summary>
    public DateTimeOffset? OrphanedUntil { get; init; }

    /// <summary>
    /// The time at which the saga rolls back if this action has not succeeded (UTC); null = the step sets no
    /// <see cref="CallPolicy.TimeoutToFail"/>, or the action was not called yet.
    /// </summary>
    public DateTimeOffset? FailAt { get; init; }

    /// <summary>
    /// The failed attempts of an action whose step has a <see cref="CallPolicy.RetryLimit"/>; else 0.
    /// </summary>
    public int RetryCount { get; init; }

    /// <summary>
    /// The time at which the call is put aside if it has not succeeded (UTC); null = never, or it was not called yet.
    /// </summary>
    public DateTimeOffset? GiveUpAt { get; init; }

    /// <summary>True if the call is put aside: it is not retried until an operator asks for it.</summary>
    public bool Parked { get; init; }

    /// <summary>
    /// The answer of a successful action if the transaction keeps results; null = none.
    /// </summary>
    public StepResult? Result { get; init; }

    /// <summary>True while the call waits for the end of a lost call. No request shortens this wait.</summary>
    public bool WaitsForOrphan => RetryAt is { } at && at == OrphanedUntil;

    /// <summary>The time at which the status became final (UTC); null before.</summary>
    public DateTimeOffset? Finished { get; init; }

    /// <summary>The error of the latest unsuccessful attempt; null if there is none.</summary>
    public string? LastError { get; init; }

    /// <summary>The last <see cref="HistoryMax"/> attempts, oldest first.</summary>
    public ImmutableArray<Attempt> History { get; init; } = [];

    /// <summary>
    /// The number of ONGOING responses at the end of <see cref="History"/>, at most <see cref="HistoryMax"/>.
    /// </summary>
    public int OngoingInARow
    {
        get
        {
            var first = History.Length;
            while (first > 0 && History[first - 1].Outcome == OutcomeKind.Ongoing)
            {
                first--;
            }

            return History.Length - first;
        }
    }

    /// <summary>
    /// Returns true if the call may be made now: it is not done, not in flight, and no retry delay is left.
    /// </summary>
    public bool CanStart(DateTimeOffset now) =>
        Status == BranchStatus.Prepared && !InFlight && !Parked && (RetryAt is not { } at || at <= now);
}

/// <summary>The state of a transaction. Immutable: <see cref="TransactionMachine"/> creates the next state.</summary>
public sealed record Transaction
{
    /// <summary>The branch index that stands for <see cref="Query"/>.</summary>
    public const int QueryIndex = -1;

    /// <summary>The branch index that stands for <see cref="Notice"/>.</summary>
    public const int NoticeIndex = -2;

    public required TransactionDefinition Definition { get; init; }

    /// <summary>
    /// All branch calls in the order of submission or registration; compensation before action and cancel before
    /// confirm, as DTM lists them.
    /// </summary>
    public required ImmutableArray<BranchOp> Branches { get; init; }

    public required TransactionStatus Status { get; init; }

    /// <summary>
    /// The call to <see cref="TransactionDefinition.QueryPrepared"/> (branch 00); null until it is first needed.
    /// </summary>
    public BranchOp? Query { get; init; }

    /// <summary>
    /// The call to <see cref="TransactionDefinition.NoticeUrl"/>, made after the end; null before, or if no URL is set.
    /// </summary>
    public BranchOp? Notice { get; init; }

    /// <summary>The reason of the rollback; empty if there was none.</summary>
    public string RollbackReason { get; init; } = "";

    /// <summary>The result that a workflow's SDK reported, unchanged; empty otherwise.</summary>
    public string Result { get; init; } = "";

    /// <summary>
    /// The failed attempts of a saga's actions, limited by <see cref="TransactionOptions.RetryLimit"/>.
    /// </summary>
    public int RetryCount { get; init; }

    /// <summary>The last time a repeated submit made pending retries due at once (UTC); null = never.</summary>
    public DateTimeOffset? Hurried { get; init; }

    public required DateTimeOffset Updated { get; init; }

    /// <summary>The time at which the status became final (UTC); null before.</summary>
    public DateTimeOffset? Finished { get; init; }

    /// <summary>
    /// The time at which the transaction needs processing if no event arrives before (UTC); null = no timer is pending.
    /// </summary>
    public DateTimeOffset? WakeAt { get; init; }

    /// <summary>The end of the lease of calls in flight (UTC); null = no call is in flight.</summary>
    public DateTimeOffset? LeaseUntil { get; init; }

    /// <summary>The version for optimistic concurrency: each write increments it. 0 = not stored yet.</summary>
    public long Version { get; init; }

    public bool IsFinal => Status is TransactionStatus.Succeed or TransactionStatus.Failed;

    public bool HasInFlight => LeaseUntil is not null;

    /// <summary>
    /// True if a call is put aside: the transaction does not end before an operator retries or resolves the call.
    /// </summary>
    public bool IsParked
    {
        get
        {
            if (IsFinal)
            {
                return false;
            }

            foreach (var branch in Branches)
            {
                if (branch.Parked)
                {
                    return true;
                }
            }

            return Query is { Parked: true };
        }
    }

    /// <summary>
    /// The time at which another silo takes the transaction over if its owner has ended (UTC): the earlier of <see
    /// cref="WakeAt"/> and <see cref="LeaseUntil"/>; null = never.
    /// </summary>
    public DateTimeOffset? Due => (WakeAt, LeaseUntil) switch
    {
        (null, var lease) => lease,
        (var wake, null) => wake,
        var (wake, lease) => wake < lease ? wake : lease,
    };

    /// <summary>Returns the call at an index, including the negative ones above.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The transaction has no call at this index.</exception>
    public BranchOp At(int index) => index switch
    {
        QueryIndex when Query is not null => Query,
        NoticeIndex when Notice is not null => Notice,
        >= 0 => Branches[index],
        _ => throw new ArgumentOutOfRangeException(nameof(index), index, "The transaction has no call at this index."),
    };

    /// <summary>
    /// Returns the call at an index from <see cref="NoticeIndex"/> up; null if it is no longer needed. A final
    /// transaction needs only its notice.
    /// </summary>
    public BranchOp? Live(int index) => index switch
    {
        NoticeIndex => Notice,
        _ when IsFinal => null,
        QueryIndex => Query,
        _ => Branches[index],
    };
}

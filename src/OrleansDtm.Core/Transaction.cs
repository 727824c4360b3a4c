using System.Collections.Immutable;

namespace OrleansDtm.Core;

/// <summary>One attempt of a call, or an operator's word that it was done by hand.</summary>
/// <param name="At">When the answer came (UTC).</param>
/// <param name="Duration">How long it took; zero when an operator resolved the call.</param>
/// <param name="Outcome">What it came to.</param>
/// <param name="Error">Why it did not succeed, or why an operator resolved it; null when it succeeded.</param>
public readonly record struct Attempt(DateTimeOffset At, TimeSpan Duration, OutcomeKind Outcome, string? Error);

/// <summary>A call and how far it has come. Immutable: progress makes a new one.</summary>
public sealed record BranchOp
{
    /// <summary>How many attempts <see cref="History"/> keeps.</summary>
    public const int HistoryMax = 8;

    public required BranchOpDefinition Definition { get; init; }

    public BranchStatus Status { get; init; } = BranchStatus.Prepared;

    /// <summary>It was called at least once, or was about to be when this was stored: it may have run.</summary>
    public bool Started { get; init; }

    /// <summary>A call is under way, or was when this was stored.</summary>
    public bool InFlight { get; init; }

    /// <summary>Answers so far, of any kind.</summary>
    public int Attempts { get; init; }

    /// <summary>Errors in a row: the exponent of the next wait.</summary>
    public int Failures { get; init; }

    /// <summary>When it is called again; null = not waiting.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>
    /// Until when a call whose answer was lost with its process may still arrive at the service (UTC); null = there is none. Of a
    /// compensation that waits for that: its action's.
    /// </summary>
    public DateTimeOffset? OrphanedUntil { get; init; }

    /// <summary>It waits for the end of a lost call, which no request cuts short.</summary>
    public bool WaitsForOrphan => RetryAt is { } at && at == OrphanedUntil;

    /// <summary>When its status became final (UTC); null before.</summary>
    public DateTimeOffset? Finished { get; init; }

    /// <summary>What went wrong in the latest attempt that did not succeed; null when none failed.</summary>
    public string? LastError { get; init; }

    /// <summary>The last <see cref="HistoryMax"/> attempts, oldest first.</summary>
    public ImmutableArray<Attempt> History { get; init; } = [];

    /// <summary>Waiting, and the wait is over; or never called.</summary>
    public bool CanStart(DateTimeOffset now) =>
        Status == BranchStatus.Prepared && !InFlight && (RetryAt is not { } at || at <= now);
}

/// <summary>A transaction as the coordinator knows it. Immutable: <see cref="TransactionMachine"/> makes the next one.</summary>
public sealed record Transaction
{
    /// <summary>The index that stands for <see cref="Query"/> where a branch index is asked for.</summary>
    public const int QueryIndex = -1;

    /// <summary>The index that stands for <see cref="Notice"/>.</summary>
    public const int NoticeIndex = -2;

    public required TransactionDefinition Definition { get; init; }

    /// <summary>Every call in the order it was given or registered; compensation before action, cancel before confirm, as DTM lists them.</summary>
    public required ImmutableArray<BranchOp> Branches { get; init; }

    public required TransactionStatus Status { get; init; }

    /// <summary>The call of <see cref="TransactionDefinition.QueryPrepared"/> (branch 00); null while none was needed.</summary>
    public BranchOp? Query { get; init; }

    /// <summary>The call of <see cref="TransactionDefinition.NoticeUrl"/>, made after the end; null before, or when nobody is told.</summary>
    public BranchOp? Notice { get; init; }

    /// <summary>Why it turned back; empty when it did not.</summary>
    public string RollbackReason { get; init; } = "";

    /// <summary>What a workflow returned, as its SDK wrote it; empty otherwise.</summary>
    public string Result { get; init; } = "";

    /// <summary>Failed attempts of a saga's actions, counted against <see cref="TransactionOptions.RetryLimit"/>.</summary>
    public int RetryCount { get; init; }

    /// <summary>When a repeated submit last had waiting calls made at once (UTC); null = never.</summary>
    public DateTimeOffset? Hurried { get; init; }

    public required DateTimeOffset Updated { get; init; }

    /// <summary>When the status became final (UTC); null before.</summary>
    public DateTimeOffset? Finished { get; init; }

    /// <summary>When something must be done even if nothing happens before; null = nothing is waiting for time.</summary>
    public DateTimeOffset? WakeAt { get; init; }

    /// <summary>Until when the calls under way must have been answered; null = none is under way.</summary>
    public DateTimeOffset? LeaseUntil { get; init; }

    /// <summary>Counts the writes; every write is guarded by it. 0 = not stored yet.</summary>
    public long Version { get; init; }

    public bool IsFinal => Status is TransactionStatus.Succeed or TransactionStatus.Failed;

    public bool HasInFlight => LeaseUntil is not null;

    /// <summary>When somebody must look after it if its owner has gone: the earlier of <see cref="WakeAt"/> and <see cref="LeaseUntil"/>.</summary>
    public DateTimeOffset? Due => (WakeAt, LeaseUntil) switch
    {
        (null, var lease) => lease,
        (var wake, null) => wake,
        var (wake, lease) => wake < lease ? wake : lease,
    };

    /// <exception cref="ArgumentOutOfRangeException">There is no such call.</exception>
    public BranchOp At(int index) => index switch
    {
        QueryIndex when Query is not null => Query,
        NoticeIndex when Notice is not null => Notice,
        >= 0 => Branches[index],
        _ => throw new ArgumentOutOfRangeException(nameof(index), index, "This transaction has no such call."),
    };

    /// <summary>The call at an index from <see cref="NoticeIndex"/> up if it still matters, else null: of a final transaction only the notice does.</summary>
    public BranchOp? Live(int index) => index switch
    {
        NoticeIndex => Notice,
        _ when IsFinal => null,
        QueryIndex => Query,
        _ => Branches[index],
    };
}

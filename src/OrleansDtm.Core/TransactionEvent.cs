using System.Collections.Immutable;

namespace OrleansDtm.Core;

/// <summary>An event of a transaction. Events are the only way to change its state.</summary>
public abstract record TransactionEvent
{
    private TransactionEvent()
    {
    }

    /// <summary>The submitter submits the transaction.</summary>
    public sealed record Submit(Submission Submission) : TransactionEvent;

    /// <summary>The submitter prepares the transaction and submits or aborts it later.</summary>
    public sealed record Prepare(Submission Submission) : TransactionEvent;

    /// <summary>The submitter aborts the transaction.</summary>
    public sealed record Abort(TransactionType Type, string Reason) : TransactionEvent;

    /// <summary>The submitter adds branches to a prepared transaction.</summary>
    /// <param name="Type">The pattern that the request names.</param>
    /// <param name="Branches">The calls to add, all or none.</param>
    /// <param name="Status">Prepared for tcc and xa; the status that the SDK reports for a workflow.</param>
    public sealed record Register(
        TransactionType Type, ImmutableArray<BranchOpDefinition> Branches, BranchStatus Status)
        : TransactionEvent;

    /// <summary>A workflow's SDK reports the final status.</summary>
    public sealed record FinishWorkflow(TransactionStatus Status, string Reason, string Result) : TransactionEvent;

    /// <summary>A branch call returned or timed out.</summary>
    /// <param name="Index">The index of the call.</param>
    /// <param name="Outcome">The outcome of the call.</param>
    /// <param name="Duration">Latency.</param>
    /// <param name="Attempt">The <see cref="BranchCall.Attempt"/> that returned; null = the one in flight.</param>
    public sealed record BranchAnswered(int Index, Outcome Outcome, TimeSpan Duration, int? Attempt = null)
        : TransactionEvent
    {
        /// <summary>Returns true if this attempt is the one in flight.</summary>
        /// <param name="branch">The current progress of the call; null = no longer needed.</param>
        public bool IsAwaited(BranchOp? branch) =>
            branch is { InFlight: true } && (Attempt is null || Attempt == branch.Attempts + 1);
    }

    /// <summary>
    /// The time <see cref="Transaction.WakeAt"/> may have come, or the process that made the calls is known to have
    /// ended.
    /// </summary>
    /// <param name="GoneOwner">The process that ended: its calls are not awaited; 0 = none is known.</param>
    public sealed record TimeDue(long GoneOwner) : TransactionEvent
    {
        public static TimeDue Instance { get; } = new(0);

        /// <param name="goneOwner">See <see cref="GoneOwner"/>.</param>
        public static TimeDue After(long goneOwner) => goneOwner == 0 ? Instance : new TimeDue(goneOwner);
    }

    /// <summary>A new owner took the transaction over. Of the calls marked as in flight, only these are.</summary>
    public sealed record Resumed(ImmutableHashSet<int> Outstanding) : TransactionEvent;

    /// <summary>An operator makes all pending retries due now.</summary>
    public sealed record RetryNow : TransactionEvent
    {
        public static RetryNow Instance { get; } = new();
    }

    /// <summary>An operator makes one pending retry due now; the others keep their delays.</summary>
    /// <param name="BranchId">Its <see cref="BranchOpDefinition.Id"/>.</param>
    /// <param name="Op">Its <see cref="BranchOpDefinition.Op"/>.</param>
    public sealed record RetryBranch(string BranchId, string Op) : TransactionEvent;

    /// <summary>
    /// An operator marks a call that waits for a retry as succeeded, because its effect was applied manually.
    /// </summary>
    /// <param name="BranchId">Its <see cref="BranchOpDefinition.Id"/>.</param>
    /// <param name="Op">Its <see cref="BranchOpDefinition.Op"/>.</param>
    /// <param name="Reason">Kept in the call's history.</param>
    /// <param name="Result">What the action would have answered, for payloads that use it; null = nothing.</param>
    public sealed record ResolveBranch(string BranchId, string Op, string Reason, string? Result = null)
        : TransactionEvent;

    /// <summary>An operator ends the transaction without compensation.</summary>
    /// <param name="By">The operator, for the reason; empty = unknown.</param>
    public sealed record ForceStop(string By) : TransactionEvent;
}

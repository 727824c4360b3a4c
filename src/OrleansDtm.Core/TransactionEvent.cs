using System.Collections.Immutable;

namespace OrleansDtm.Core;

/// <summary>Something that happened to a transaction. The only way its state changes.</summary>
public abstract record TransactionEvent
{
    private TransactionEvent()
    {
    }

    /// <summary>The submitter wants it done.</summary>
    public sealed record Submit(Submission Submission) : TransactionEvent;

    /// <summary>The submitter announces it and will decide later.</summary>
    public sealed record Prepare(Submission Submission) : TransactionEvent;

    /// <summary>The submitter decides to go back.</summary>
    public sealed record Abort(TransactionType Type, string Reason) : TransactionEvent;

    /// <summary>The submitter adds branches to a prepared transaction.</summary>
    /// <param name="Type">The pattern the submitter believes it is.</param>
    /// <param name="Branches">All or none of them are added.</param>
    /// <param name="Status">Prepared for tcc and xa; what the SDK reports for a workflow.</param>
    public sealed record Register(TransactionType Type, ImmutableArray<BranchOpDefinition> Branches, BranchStatus Status) : TransactionEvent;

    /// <summary>A workflow's SDK reports its end.</summary>
    public sealed record FinishWorkflow(TransactionStatus Status, string Reason, string Result) : TransactionEvent;

    /// <summary>A call came back, or its time was up.</summary>
    /// <param name="Index">Which call.</param>
    /// <param name="Outcome">What it came to.</param>
    /// <param name="Duration">How long it took.</param>
    /// <param name="Attempt">Which <see cref="BranchCall.Attempt"/> is answered; null = the one under way, whichever it is.</param>
    public sealed record BranchAnswered(int Index, Outcome Outcome, TimeSpan Duration, int? Attempt = null) : TransactionEvent
    {
        /// <summary>The call is under way, and it is this attempt.</summary>
        /// <param name="branch">How the call stands; null = it does not matter any more.</param>
        public bool IsAwaited(BranchOp? branch) => branch is { InFlight: true } && (Attempt is null || Attempt == branch.Attempts + 1);
    }

    /// <summary>The moment of <see cref="Transaction.WakeAt"/> may have come, or a process that made its calls is known to be dead.</summary>
    /// <param name="GoneOwner">That process: its calls are not waited for; 0 = none is known.</param>
    public sealed record TimeDue(long GoneOwner) : TransactionEvent
    {
        public static TimeDue Instance { get; } = new(0);

        /// <param name="goneOwner">See <see cref="GoneOwner"/>.</param>
        public static TimeDue After(long goneOwner) => goneOwner == 0 ? Instance : new TimeDue(goneOwner);
    }

    /// <summary>A new owner took it over; of the calls marked as under way only these really are.</summary>
    public sealed record Resumed(ImmutableHashSet<int> Outstanding) : TransactionEvent;

    /// <summary>An operator wants waiting calls made now.</summary>
    public sealed record RetryNow : TransactionEvent
    {
        public static RetryNow Instance { get; } = new();
    }

    /// <summary>An operator wants one waiting call made now; the others keep their waits.</summary>
    /// <param name="BranchId">Its <see cref="BranchOpDefinition.Id"/>.</param>
    /// <param name="Op">Its <see cref="BranchOpDefinition.Op"/>.</param>
    public sealed record RetryBranch(string BranchId, string Op) : TransactionEvent;

    /// <summary>An operator declares that a waiting call, which can never succeed, was done by hand.</summary>
    /// <param name="BranchId">Its <see cref="BranchOpDefinition.Id"/>.</param>
    /// <param name="Op">Its <see cref="BranchOpDefinition.Op"/>.</param>
    /// <param name="Reason">Kept in the call's history.</param>
    public sealed record ResolveBranch(string BranchId, string Op, string Reason) : TransactionEvent;

    /// <summary>An operator ends it without compensation.</summary>
    public sealed record ForceStop : TransactionEvent
    {
        public static ForceStop Instance { get; } = new();
    }
}

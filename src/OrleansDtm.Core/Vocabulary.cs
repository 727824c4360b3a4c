namespace OrleansDtm.Core;

/// <summary>The five patterns. Values are stored: add new ones, never change them.</summary>
public enum TransactionType
{
    /// <summary>Never valid, so that a missing assignment does not look like a saga.</summary>
    None = 0,
    Saga = 1,
    Msg = 2,
    Tcc = 3,
    Xa = 4,
    Workflow = 5,
}

/// <summary>The status of a transaction. Values are stored: add new ones, never change them.</summary>
public enum TransactionStatus
{
    /// <summary>Never valid.</summary>
    None = 0,

    /// <summary>Prepared; its submitter has neither submitted nor aborted it.</summary>
    Prepared = 1,

    /// <summary>Submitted; branches are being called.</summary>
    Submitted = 2,

    /// <summary>Rolling back; compensations are being called.</summary>
    Aborting = 3,

    /// <summary>Final: all branches succeeded.</summary>
    Succeed = 4,

    /// <summary>Final: rolled back or force-stopped.</summary>
    Failed = 5,
}

/// <summary>The status of one branch call. Values are stored: add new ones, never change them.</summary>
public enum BranchStatus
{
    /// <summary>Never valid.</summary>
    None = 0,

    /// <summary>Not finished: not called, in flight, or waiting for a retry.</summary>
    Prepared = 1,

    /// <summary>The service returned success.</summary>
    Succeed = 2,

    /// <summary>The service returned FAILURE, which is a final result for this op.</summary>
    Failed = 3,
}

/// <summary>The outcome of one branch call. Values are stored: add new ones, never change them.</summary>
public enum OutcomeKind
{
    /// <summary>Never valid.</summary>
    None = 0,
    Succeeded = 1,

    /// <summary>The service rejected the call for a business reason; a retry would not help.</summary>
    Failed = 2,

    /// <summary>The service is still working; the call is repeated at a constant interval.</summary>
    Ongoing = 3,

    /// <summary>Timeout, lost connection or unreadable response: the branch may or may not have run.</summary>
    Unknown = 4,

    /// <summary>
    /// The call was not made because no call slot was free. It is made later and does not count as an error.
    /// </summary>
    NotSent = 5,
}

/// <summary>The names of branch ops in DTM's API.</summary>
public static class BranchOps
{
    public const string Action = "action";
    public const string Compensate = "compensate";
    public const string Try = "try";
    public const string Confirm = "confirm";
    public const string Cancel = "cancel";
    public const string Commit = "commit";
    public const string Rollback = "rollback";
    public const string Msg = "msg";
}

/// <summary>The outcome of a branch call and its error text.</summary>
/// <param name="Kind">The kind of outcome.</param>
/// <param name="Error">The error text for operators; null on success.</param>
public readonly record struct Outcome(OutcomeKind Kind, string? Error = null)
{
    /// <summary>
    /// The delay before the next call that the service requested (Retry-After). Default zero = none.
    /// </summary>
    public TimeSpan RetryAfter { get; init; }

    /// <summary>
    /// True if the service was never called, because a result for the payload is missing: nothing can have happened.
    /// </summary>
    public bool IsUnsent { get; init; }

    /// <summary>The answer of a successful call, if it was asked for; null = none.</summary>
    public StepResult? Answer { get; init; }

    public static Outcome Succeeded { get; } = new(OutcomeKind.Succeeded);

    public static Outcome Failed(string error) => new(OutcomeKind.Failed, error);

    public static Outcome Ongoing(string? error = null) => new(OutcomeKind.Ongoing, error);

    public static Outcome NotSent(string error) => new(OutcomeKind.NotSent, error);

    public static Outcome Unknown(string error) => new(OutcomeKind.Unknown, error);
}

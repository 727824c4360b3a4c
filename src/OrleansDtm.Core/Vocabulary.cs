namespace OrleansDtm.Core;

/// <summary>The five patterns. Values are stored: they may only grow.</summary>
public enum TransactionType
{
    /// <summary>Never valid: a forgotten assignment must not look like a saga.</summary>
    None = 0,
    Saga = 1,
    Msg = 2,
    Tcc = 3,
    Xa = 4,
    Workflow = 5,
}

/// <summary>Where a transaction stands. Values are stored: they may only grow.</summary>
public enum TransactionStatus
{
    /// <summary>Never valid.</summary>
    None = 0,

    /// <summary>Announced; its submitter has not decided yet.</summary>
    Prepared = 1,

    /// <summary>Decided to go forward.</summary>
    Submitted = 2,

    /// <summary>Decided to go back; compensations are running.</summary>
    Aborting = 3,

    /// <summary>Final: everything asked for was done.</summary>
    Succeed = 4,

    /// <summary>Final: rolled back, or stopped by force.</summary>
    Failed = 5,
}

/// <summary>Where one call of a branch stands. Values are stored: they may only grow.</summary>
public enum BranchStatus
{
    /// <summary>Never valid.</summary>
    None = 0,

    /// <summary>Not done yet: not called, under way, or waiting for a retry.</summary>
    Prepared = 1,

    /// <summary>The service answered success.</summary>
    Succeed = 2,

    /// <summary>The service answered failure, and for this op that is an answer.</summary>
    Failed = 3,
}

/// <summary>What a call to a branch came to. Values are stored: they may only grow.</summary>
public enum OutcomeKind
{
    /// <summary>Never valid.</summary>
    None = 0,
    Succeeded = 1,

    /// <summary>The business said no; asking again would not help.</summary>
    Failed = 2,

    /// <summary>The service is still at it: ask again at a constant interval.</summary>
    Ongoing = 3,

    /// <summary>Timeout, lost connection, unreadable answer: it may or may not have run.</summary>
    Unknown = 4,

    /// <summary>The call was never made, for want of a place: nobody's fault, so it counts for nothing and is made later.</summary>
    NotSent = 5,
}

/// <summary>The names of calls as DTM writes them on the wire (features of DTM, "calls to branches").</summary>
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

/// <summary>The answer of a branch with the words that belong to it.</summary>
/// <param name="Kind">What it means for the transaction.</param>
/// <param name="Error">Why it did not succeed, for people; null on success.</param>
public readonly record struct Outcome(OutcomeKind Kind, string? Error = null)
{
    /// <summary>
    /// The wait that the service asked for before the next call (Retry-After). Zero (default) = none was asked for.
    /// </summary>
    public TimeSpan RetryAfter { get; init; }

    public static Outcome Succeeded { get; } = new(OutcomeKind.Succeeded);

    public static Outcome Failed(string error) => new(OutcomeKind.Failed, error);

    public static Outcome Ongoing(string? error = null) => new(OutcomeKind.Ongoing, error);

    public static Outcome NotSent(string error) => new(OutcomeKind.NotSent, error);

    public static Outcome Unknown(string error) => new(OutcomeKind.Unknown, error);
}

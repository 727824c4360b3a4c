namespace OrleansDtm.Abstractions;

/// <summary>A step of a saga or a message: action, compensation and payload.</summary>
[GenerateSerializer, Immutable, Alias("dtm.step")]
public sealed record StepMessage
{
    /// <summary>URL of the action; empty = none.</summary>
    [Id(0)]
    public string Action { get; init; } = "";

    /// <summary>URL of the compensation; empty = none.</summary>
    [Id(1)]
    public string Compensate { get; init; } = "";

    /// <summary>The body of both calls; may be empty.</summary>
    [Id(2)]
    public byte[] Payload { get; init; } = [];

    /// <summary>Options of the action; null = the transaction's.</summary>
    [Id(3)]
    public StepPolicy? Policy { get; init; }

    /// <summary>Options of the compensation; null = the transaction's.</summary>
    [Id(4)]
    public StepPolicy? CompensatePolicy { get; init; }

    /// <summary>Without secrets.</summary>
    public override string ToString() => nameof(StepMessage);
}

/// <summary>The kind of a reply.</summary>
[GenerateSerializer, Alias("dtm.reply-kind")]
public enum ReplyKind
{
    None = 0,
    Ok = 1,

    /// <summary>The transaction's status does not allow it.</summary>
    Conflict = 2,
    NotFound = 3,

    /// <summary>The request is invalid.</summary>
    Invalid = 4,

    /// <summary>The store does not respond; the request may be repeated.</summary>
    Unavailable = 5,

    /// <summary>
    /// The transaction is larger than the store accepts; nothing was stored, and a retry gets the same answer.
    /// </summary>
    TooLarge = 6,

    /// <summary>The caller has too many unfinished transactions; nothing was stored.</summary>
    TooMany = 7,
}

/// <summary>The reply of a transaction.</summary>
[GenerateSerializer, Immutable, Alias("dtm.reply")]
public sealed record TransactionReply
{
    [Id(0)]
    public required ReplyKind Kind { get; init; }

    /// <summary>The reason; empty when <see cref="Kind"/> is Ok.</summary>
    [Id(1)]
    public string Message { get; init; } = "";

    /// <summary>The status after the request, in DTM's words; empty when there is no transaction.</summary>
    [Id(2)]
    public string Status { get; init; } = "";

    /// <summary>The rollback reason; empty when it is not rolled back.</summary>
    [Id(3)]
    public string RollbackReason { get; init; } = "";

    /// <summary>The latest error of a branch, of an unfinished transaction; empty when there is none.</summary>
    [Id(4)]
    public string LastError { get; init; } = "";

    /// <summary>
    /// The prepare requested the wait: the reply came at the end or when the transaction waits for a retry.
    /// </summary>
    [Id(5)]
    public bool Waited { get; init; }
}

/// <summary>The outcome of a grain's method; see <see cref="BranchResult"/>.</summary>
[GenerateSerializer, Alias("dtm.branch-outcome")]
public enum BranchOutcome
{
    None = 0,
    Succeeded = 1,
    Failed = 2,
    Ongoing = 3,

    /// <summary>It may have run: it is retried.</summary>
    Unknown = 4,
}

namespace OrleansDtm.Abstractions;

/// <summary>A step of a saga or a message: whom to call, whom to call to take it back, and with what.</summary>
[GenerateSerializer, Immutable, Alias("dtm.step")]
public sealed record StepMessage
{
    /// <summary>URL of the action; empty = nothing to call.</summary>
    [Id(0)]
    public string Action { get; init; } = "";

    /// <summary>URL of the compensation; empty = nothing to call.</summary>
    [Id(1)]
    public string Compensate { get; init; } = "";

    /// <summary>The body of both calls, as it came; may be empty.</summary>
    [Id(2)]
    public byte[] Payload { get; init; } = [];

    /// <summary>Without what may be secret.</summary>
    public override string ToString() => nameof(StepMessage);
}

/// <summary>What became of a request to a transaction.</summary>
[GenerateSerializer, Alias("dtm.reply-kind")]
public enum ReplyKind
{
    None = 0,
    Ok = 1,

    /// <summary>The transaction's status does not allow it.</summary>
    Conflict = 2,
    NotFound = 3,

    /// <summary>The request itself is wrong.</summary>
    Invalid = 4,

    /// <summary>The store does not answer; the same request may be sent again.</summary>
    Unavailable = 5,

    /// <summary>The store does not take so much data; nothing was stored, and the same request would be refused again.</summary>
    TooLarge = 6,
}

/// <summary>The answer of a transaction.</summary>
[GenerateSerializer, Immutable, Alias("dtm.reply")]
public sealed record TransactionReply
{
    [Id(0)]
    public required ReplyKind Kind { get; init; }

    /// <summary>Why not; empty when <see cref="Kind"/> is Ok.</summary>
    [Id(1)]
    public string Message { get; init; } = "";

    /// <summary>The status after the request, as DTM names it; empty when there is no transaction.</summary>
    [Id(2)]
    public string Status { get; init; } = "";

    /// <summary>Why the transaction turned back; empty when it did not.</summary>
    [Id(3)]
    public string RollbackReason { get; init; } = "";

    /// <summary>The latest error of a branch, for a transaction that is not finished; empty when there was none.</summary>
    [Id(4)]
    public string LastError { get; init; } = "";

    /// <summary>It was answered at the end or the first pause because the transaction's prepare asked for that.</summary>
    [Id(5)]
    public bool Waited { get; init; }
}

/// <summary>What a method of a grain says of its call; see <see cref="BranchResult"/>.</summary>
[GenerateSerializer, Alias("dtm.branch-outcome")]
public enum BranchOutcome
{
    None = 0,
    Succeeded = 1,
    Failed = 2,
    Ongoing = 3,

    /// <summary>It may or may not have run: it is retried.</summary>
    Unknown = 4,
}

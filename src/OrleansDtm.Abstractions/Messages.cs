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

    /// <summary>The subscribers of a topic, if the action is one: each is called. Null = no topic.</summary>
    [Id(3)]
    public string[]? Subscribers { get; init; }

    /// <summary>Without what may be secret.</summary>
    public override string ToString() => nameof(StepMessage);
}

/// <summary>Options that a submit can name after a prepare.</summary>
[Flags, GenerateSerializer, Alias("dtm.submission-options")]
public enum SubmissionOptions
{
    None = 0,
    TimeoutToFail = 1,
    RetryInterval = 2,
    RequestTimeout = 4,
    Concurrent = 8,
    WaitResult = 16,
    BranchHeaders = 32,

    /// <summary>And with it the delay of a message.</summary>
    CustomData = 64,
    NoticeUrl = 128,
}

/// <summary>A transaction as its submitter describes it. Durations in milliseconds, defaults already filled in.</summary>
[GenerateSerializer, Immutable, Alias("dtm.submission")]
public sealed record SubmissionMessage
{
    /// <summary>saga, msg, tcc, xa or workflow.</summary>
    [Id(0)]
    public required string Type { get; init; }

    /// <summary>http, grpc or json-rpc.</summary>
    [Id(1)]
    public string Protocol { get; init; } = "http";

    [Id(2)]
    public StepMessage[] Steps { get; init; } = [];

    [Id(3)]
    public string QueryPrepared { get; init; } = "";

    [Id(4)]
    public string CustomData { get; init; } = "";

    /// <summary>Headers for each call of a branch; null = none.</summary>
    [Id(5)]
    public Dictionary<string, string>? BranchHeaders { get; init; }

    /// <summary>0 = never.</summary>
    [Id(6)]
    public long TimeoutToFailMs { get; init; }

    [Id(7)]
    public long RetryIntervalMs { get; init; }

    [Id(8)]
    public long RetryIntervalMaxMs { get; init; }

    [Id(9)]
    public long RequestTimeoutMs { get; init; }

    /// <summary>0 = no limit.</summary>
    [Id(10)]
    public int RetryLimit { get; init; }

    [Id(11)]
    public bool Concurrent { get; init; }

    /// <summary>Answer when it has ended, or when nothing more happens before a retry.</summary>
    [Id(12)]
    public bool WaitResult { get; init; }

    [Id(13)]
    public long DelayMs { get; init; }

    /// <summary>For each step, by index, those that must be done before; null = none.</summary>
    [Id(14)]
    public Dictionary<int, int[]>? Orders { get; init; }

    /// <summary>The op with which <see cref="QueryPrepared"/> is called: msg, or the name of a workflow.</summary>
    [Id(15)]
    public string CallbackOp { get; init; } = "";

    /// <summary>The body with which <see cref="QueryPrepared"/> is called; empty = none.</summary>
    [Id(16)]
    public byte[] CallbackPayload { get; init; } = [];

    /// <summary>Told when the transaction has ended; empty = nobody.</summary>
    [Id(17)]
    public string NoticeUrl { get; init; } = "";

    /// <summary>W3C's traceparent, the parent of everything done for it; null = it belongs to no trace.</summary>
    [Id(18)]
    public string? TraceParent { get; init; }

    /// <summary>W3C's tracestate; null = none.</summary>
    [Id(19)]
    public string? TraceState { get; init; }

    /// <summary>Which options the request names itself, so that those of a submit win over those of its prepare; the rest are defaults.</summary>
    [Id(20)]
    public SubmissionOptions Named { get; init; }

    /// <summary>Without what may be secret: Orleans puts it into log lines about requests that are slow or lost.</summary>
    public override string ToString() => $"{nameof(SubmissionMessage)} {Type} of {Steps.Length} steps";
}

/// <summary>A branch that a submitter adds to a prepared transaction.</summary>
[GenerateSerializer, Immutable, Alias("dtm.register")]
public sealed record RegisterMessage
{
    /// <summary>tcc, xa or workflow.</summary>
    [Id(0)]
    public required string Type { get; init; }

    [Id(1)]
    public required string BranchId { get; init; }

    /// <summary>Its calls in the order they are listed: op and URL.</summary>
    [Id(2)]
    public required RegisterCall[] Calls { get; init; }

    /// <summary>Body of the calls, or the result of a workflow's step.</summary>
    [Id(3)]
    public byte[] Payload { get; init; } = [];

    /// <summary>Workflow: succeed or failed; otherwise prepared.</summary>
    [Id(4)]
    public string Status { get; init; } = "prepared";

    /// <summary>Without what may be secret.</summary>
    public override string ToString() => $"{nameof(RegisterMessage)} {Type} {BranchId}";
}

[GenerateSerializer, Immutable, Alias("dtm.register-call")]
public sealed record RegisterCall([property: Id(0)] string Op, [property: Id(1)] string Url);

/// <summary>One who is called for each message to a topic.</summary>
[GenerateSerializer, Immutable, Alias("dtm.subscriber")]
public sealed record TopicSubscriber([property: Id(0)] string Url, [property: Id(1)] string Remark);

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

/// <summary>One call of a branch.</summary>
[GenerateSerializer, Immutable, Alias("dtm.branch-call")]
public sealed record BranchCallMessage
{
    [Id(0)]
    public required string Gid { get; init; }

    [Id(1)]
    public required string Type { get; init; }

    [Id(2)]
    public required string Protocol { get; init; }

    [Id(3)]
    public required string BranchId { get; init; }

    [Id(4)]
    public required string Op { get; init; }

    /// <summary>Never empty: an empty one is not called.</summary>
    [Id(5)]
    public required string Url { get; init; }

    [Id(6)]
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Null = none.</summary>
    [Id(7)]
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>For waiting in the bulkhead and the call together.</summary>
    [Id(8)]
    public long TimeoutMs { get; init; }

    /// <summary>1 for the first.</summary>
    [Id(9)]
    public int Attempt { get; init; }

    /// <summary>The transaction's traceparent; null = it belongs to no trace.</summary>
    [Id(10)]
    public string? TraceParent { get; init; }

    /// <summary>Its tracestate; null = none.</summary>
    [Id(11)]
    public string? TraceState { get; init; }

    /// <summary>Without what may be secret.</summary>
    public override string ToString() => $"{nameof(BranchCallMessage)} {Gid} {BranchId} {Op}";
}

/// <summary>How a call of a branch ended.</summary>
[GenerateSerializer, Alias("dtm.branch-outcome")]
public enum BranchOutcome
{
    None = 0,
    Succeeded = 1,
    Failed = 2,
    Ongoing = 3,
    Unknown = 4,
    NotSent = 5,
}

/// <summary>The answer of a branch.</summary>
[GenerateSerializer, Immutable, Alias("dtm.branch-answer")]
public sealed record BranchAnswer
{
    [Id(0)]
    public required BranchOutcome Outcome { get; init; }

    /// <summary>Why it did not succeed; null on success.</summary>
    [Id(1)]
    public string? Error { get; init; }

    [Id(2)]
    public TimeSpan Duration { get; init; }

    /// <summary>How long the branch asked not to be called again; zero = it did not say.</summary>
    [Id(3)]
    public TimeSpan RetryAfter { get; init; }
}

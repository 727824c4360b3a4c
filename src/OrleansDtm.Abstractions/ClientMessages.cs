namespace OrleansDtm.Abstractions;

/// <summary>A transaction in its submitter's words: what is not said is filled in, and everything is checked, by the coordinator.</summary>
[GenerateSerializer, Immutable, Alias("dtm.request")]
public sealed record TransactionRequestMessage
{
    /// <summary>saga, msg, tcc, xa or workflow.</summary>
    [Id(0)]
    public required string Type { get; init; }

    [Id(1)]
    public required string Gid { get; init; }

    /// <summary>http (also when empty), grpc or json-rpc.</summary>
    [Id(2)]
    public string Protocol { get; init; } = "";

    [Id(3)]
    public StepMessage[] Steps { get; init; } = [];

    /// <summary>Empty = none.</summary>
    [Id(4)]
    public string QueryPrepared { get; init; } = "";

    /// <summary>As over HTTP; empty = made of the fields below.</summary>
    [Id(5)]
    public string CustomData { get; init; } = "";

    /// <summary>Null = none.</summary>
    [Id(6)]
    public Dictionary<string, string>? BranchHeaders { get; init; }

    /// <summary>Null = the coordinator's default, as for the durations below.</summary>
    [Id(7)]
    public TimeSpan? TimeoutToFail { get; init; }

    [Id(8)]
    public TimeSpan? RetryInterval { get; init; }

    [Id(9)]
    public TimeSpan? RequestTimeout { get; init; }

    /// <summary>0 = no limit.</summary>
    [Id(10)]
    public int RetryLimit { get; init; }

    [Id(11)]
    public bool Concurrent { get; init; }

    /// <summary>Answer when it has ended, or when nothing more happens before a retry.</summary>
    [Id(12)]
    public bool WaitResult { get; init; }

    /// <summary>msg: null = at once.</summary>
    [Id(13)]
    public TimeSpan? Delay { get; init; }

    /// <summary>saga: for each step, by index, those that must be done before; null = none.</summary>
    [Id(14)]
    public Dictionary<int, int[]>? Orders { get; init; }

    /// <summary>Told when the transaction has ended; empty = nobody.</summary>
    [Id(15)]
    public string CallbackUrl { get; init; } = "";

    /// <summary>workflow: with which op it is resumed; empty = none.</summary>
    [Id(16)]
    public string WorkflowName { get; init; } = "";

    /// <summary>workflow: with which body it is resumed; may be empty.</summary>
    [Id(17)]
    public byte[] WorkflowData { get; init; } = [];

    /// <summary>W3C's traceparent of whoever submits; null = there is no trace.</summary>
    [Id(18)]
    public string? TraceParent { get; init; }

    /// <summary>W3C's tracestate; null = none.</summary>
    [Id(19)]
    public string? TraceState { get; init; }

    /// <summary>Without what may be secret: Orleans puts it into log lines about requests that are slow or lost.</summary>
    public override string ToString() => $"{nameof(TransactionRequestMessage)} {Type} {Gid}";
}

/// <summary>Where a global transaction stands.</summary>
[GenerateSerializer, Alias("dtm.global-status")]
public enum GlobalStatus
{
    /// <summary>Never valid.</summary>
    None = 0,

    /// <summary>Announced; its submitter has not decided yet.</summary>
    Prepared = 1,

    /// <summary>On its way forward.</summary>
    Submitted = 2,

    /// <summary>On its way back.</summary>
    Aborting = 3,

    /// <summary>The end: everything asked for was done.</summary>
    Succeeded = 4,

    /// <summary>The end: rolled back, or stopped by force.</summary>
    Failed = 5,
}

/// <summary>What came of a request to a transaction.</summary>
[GenerateSerializer, Immutable, Alias("dtm.result")]
public sealed record TransactionResult
{
    [Id(0)]
    public required string Gid { get; init; }

    /// <summary>When the answer was given.</summary>
    [Id(1)]
    public required GlobalStatus Status { get; init; }

    /// <summary>Why it turned back; empty when it did not.</summary>
    [Id(2)]
    public string RollbackReason { get; init; } = "";

    /// <summary>The latest error of a branch, for a transaction that has not ended; empty when there was none.</summary>
    [Id(3)]
    public string LastError { get; init; } = "";

    /// <summary>Nothing changes any more.</summary>
    public bool HasEnded => Status is GlobalStatus.Succeeded or GlobalStatus.Failed;

    /// <summary>It has ended, and everything asked for was done.</summary>
    public bool Succeeded => Status == GlobalStatus.Succeeded;
}

/// <summary>How a transaction stands, with its branches.</summary>
[GenerateSerializer, Immutable, Alias("dtm.info")]
public sealed record TransactionInfo
{
    [Id(0)]
    public required string Gid { get; init; }

    /// <summary>saga, msg, tcc, xa or workflow.</summary>
    [Id(1)]
    public required string Type { get; init; }

    [Id(2)]
    public required GlobalStatus Status { get; init; }

    /// <summary>UTC, as all times here.</summary>
    [Id(3)]
    public required DateTimeOffset Created { get; init; }

    [Id(4)]
    public required DateTimeOffset Updated { get; init; }

    /// <summary>Null = it has not ended.</summary>
    [Id(5)]
    public DateTimeOffset? Finished { get; init; }

    /// <summary>When something happens next by itself; null = nothing will.</summary>
    [Id(6)]
    public DateTimeOffset? Due { get; init; }

    /// <summary>Why it turned back; empty when it did not.</summary>
    [Id(7)]
    public string RollbackReason { get; init; } = "";

    /// <summary>What a workflow returned; empty otherwise.</summary>
    [Id(8)]
    public string Result { get; init; } = "";

    /// <summary>Failed attempts counted against the retry limit.</summary>
    [Id(9)]
    public int RetryCount { get; init; }

    /// <summary>In the order in which DTM lists them: compensation before action, cancel before confirm.</summary>
    [Id(10)]
    public BranchInfo[] Branches { get; init; } = [];
}

/// <summary>A call of a branch and how far it has come.</summary>
[GenerateSerializer, Immutable, Alias("dtm.branch-info")]
public sealed record BranchInfo
{
    [Id(0)]
    public required string BranchId { get; init; }

    /// <summary>action, compensate, confirm, cancel, commit, rollback, or a workflow's own.</summary>
    [Id(1)]
    public required string Op { get; init; }

    /// <summary>Empty = nothing to call.</summary>
    [Id(2)]
    public string Url { get; init; } = "";

    /// <summary>Its body; for a step of a workflow its result.</summary>
    [Id(3)]
    public byte[] Payload { get; init; } = [];

    /// <summary>prepared (not done), succeed or failed.</summary>
    [Id(4)]
    public required string Status { get; init; }

    /// <summary>Answers so far, of any kind.</summary>
    [Id(5)]
    public int Attempts { get; init; }

    /// <summary>Null = no attempt failed.</summary>
    [Id(6)]
    public string? LastError { get; init; }

    /// <summary>Null = it does not wait for a retry.</summary>
    [Id(7)]
    public DateTimeOffset? NextRetry { get; init; }

    /// <summary>Null = it is not done.</summary>
    [Id(8)]
    public DateTimeOffset? Finished { get; init; }
}

/// <summary>A reply with what was asked for.</summary>
[GenerateSerializer, Immutable, Alias("dtm.info-reply")]
public sealed record TransactionInfoReply
{
    [Id(0)]
    public required TransactionReply Reply { get; init; }

    /// <summary>Null when the reply is not Ok, or there is no such transaction.</summary>
    [Id(1)]
    public TransactionInfo? Info { get; init; }
}

namespace OrleansDtm.Abstractions;

/// <summary>The request of a submitter; the coordinator validates it and adds the defaults.</summary>
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

    /// <summary>As over HTTP; empty = built from the fields below.</summary>
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

    /// <summary>Respond when the transaction has ended, or waits for a retry.</summary>
    [Id(12)]
    public bool WaitResult { get; init; }

    /// <summary>msg: null = at once.</summary>
    [Id(13)]
    public TimeSpan? Delay { get; init; }

    /// <summary>saga: the predecessors of each step, by index; null = none.</summary>
    [Id(14)]
    public Dictionary<int, int[]>? Orders { get; init; }

    /// <summary>Called when the transaction has ended; empty = none.</summary>
    [Id(15)]
    public string CallbackUrl { get; init; } = "";

    /// <summary>workflow: the op of the resuming call; empty = none.</summary>
    [Id(16)]
    public string WorkflowName { get; init; } = "";

    /// <summary>workflow: the body of the resuming call; may be empty.</summary>
    [Id(17)]
    public byte[] WorkflowData { get; init; } = [];

    /// <summary>W3C traceparent of the submitter; null = none.</summary>
    [Id(18)]
    public string? TraceParent { get; init; }

    /// <summary>W3C tracestate; null = none.</summary>
    [Id(19)]
    public string? TraceState { get; init; }

    /// <summary>Errors in a row; 0 = never.</summary>
    [Id(20)]
    public int GiveUpAfter { get; init; }

    /// <summary>Null = never.</summary>
    [Id(21)]
    public TimeSpan? GiveUpAfterTime { get; init; }

    /// <summary>To find the transaction by; null = none.</summary>
    [Id(22)]
    public Dictionary<string, string>? Tags { get; init; }

    /// <summary>saga and msg: keep what the actions answer.</summary>
    [Id(23)]
    public bool Results { get; init; }

    /// <summary>Without secrets: Orleans logs it for slow or lost requests.</summary>
    public override string ToString() => $"{nameof(TransactionRequestMessage)} {Type} {Gid}";
}

/// <summary>The status of a global transaction.</summary>
[GenerateSerializer, Alias("dtm.global-status")]
public enum GlobalStatus
{
    /// <summary>Invalid.</summary>
    None = 0,

    /// <summary>Prepared; its submitter has not decided yet.</summary>
    Prepared = 1,

    /// <summary>Running forward.</summary>
    Submitted = 2,

    /// <summary>Rolling back.</summary>
    Aborting = 3,

    /// <summary>Ended: all calls succeeded.</summary>
    Succeeded = 4,

    /// <summary>Ended: rolled back, or force-stopped.</summary>
    Failed = 5,
}

/// <summary>The result of a request to a transaction.</summary>
[GenerateSerializer, Immutable, Alias("dtm.result")]
public sealed record TransactionResult
{
    [Id(0)]
    public required string Gid { get; init; }

    /// <summary>Status at the time of the response.</summary>
    [Id(1)]
    public required GlobalStatus Status { get; init; }

    /// <summary>The rollback reason; empty when it is not rolled back.</summary>
    [Id(2)]
    public string RollbackReason { get; init; } = "";

    /// <summary>The latest error of a branch, of an unfinished transaction; empty when there is none.</summary>
    [Id(3)]
    public string LastError { get; init; } = "";

    /// <summary>The results of the steps of a saga or message that keeps them; empty = none.</summary>
    [Id(4)]
    public StepAnswer[] Results { get; init; } = [];

    /// <summary>The status is final.</summary>
    public bool HasEnded => Status is GlobalStatus.Succeeded or GlobalStatus.Failed;

    /// <summary>The status is final, and all calls succeeded.</summary>
    public bool Succeeded => Status == GlobalStatus.Succeeded;
}

/// <summary>The state of a transaction, with its branches.</summary>
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

    /// <summary>Null = unfinished.</summary>
    [Id(5)]
    public DateTimeOffset? Finished { get; init; }

    /// <summary>The due time; null = none.</summary>
    [Id(6)]
    public DateTimeOffset? Due { get; init; }

    /// <summary>The rollback reason; empty when it is not rolled back.</summary>
    [Id(7)]
    public string RollbackReason { get; init; } = "";

    /// <summary>The result of a workflow; empty otherwise.</summary>
    [Id(8)]
    public string Result { get; init; } = "";

    /// <summary>Failed attempts counted against the retry limit.</summary>
    [Id(9)]
    public int RetryCount { get; init; }

    /// <summary>In DTM's order: compensation before action, cancel before confirm.</summary>
    [Id(10)]
    public BranchInfo[] Branches { get; init; } = [];

    /// <summary>A call is put aside: the transaction waits for an operator.</summary>
    [Id(11)]
    public bool Parked { get; init; }

    /// <summary>The tags of the transaction; null = none.</summary>
    [Id(12)]
    public Dictionary<string, string>? Tags { get; init; }
}

/// <summary>A call and its state.</summary>
[GenerateSerializer, Immutable, Alias("dtm.branch-info")]
public sealed record BranchInfo
{
    [Id(0)]
    public required string BranchId { get; init; }

    /// <summary>action, compensate, confirm, cancel, commit, rollback, or a workflow's own.</summary>
    [Id(1)]
    public required string Op { get; init; }

    /// <summary>Empty = none.</summary>
    [Id(2)]
    public string Url { get; init; } = "";

    /// <summary>The body; for a workflow step its result.</summary>
    [Id(3)]
    public byte[] Payload { get; init; } = [];

    /// <summary>prepared (not done), succeed or failed.</summary>
    [Id(4)]
    public required string Status { get; init; }

    /// <summary>Attempts with a response, of any kind.</summary>
    [Id(5)]
    public int Attempts { get; init; }

    /// <summary>Null = no attempt failed.</summary>
    [Id(6)]
    public string? LastError { get; init; }

    /// <summary>Null = it is not waiting for a retry.</summary>
    [Id(7)]
    public DateTimeOffset? NextRetry { get; init; }

    /// <summary>Null = unfinished.</summary>
    [Id(8)]
    public DateTimeOffset? Finished { get; init; }

    /// <summary>The call is put aside: it waits for RetryBranch, RetryNow, or a resolve over HTTP.</summary>
    [Id(9)]
    public bool Parked { get; init; }

    /// <summary>What the action answered, if the transaction keeps results; null = nothing yet.</summary>
    [Id(10)]
    public StepAnswer? Result { get; init; }
}

/// <summary>A reply with the requested transaction.</summary>
[GenerateSerializer, Immutable, Alias("dtm.info-reply")]
public sealed record TransactionInfoReply
{
    [Id(0)]
    public required TransactionReply Reply { get; init; }

    /// <summary>Null when the reply is not Ok, or there is no such transaction.</summary>
    [Id(1)]
    public TransactionInfo? Info { get; init; }
}

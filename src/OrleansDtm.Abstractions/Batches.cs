namespace OrleansDtm.Abstractions;

/// <summary>What a job does with each transaction.</summary>
[GenerateSerializer, Alias("dtm.batch-operation")]
public enum BatchOperation
{
    /// <summary>Invalid.</summary>
    None = 0,

    /// <summary>Makes the calls that wait for a retry now.</summary>
    Retry = 1,

    /// <summary>Makes the calls that are put aside again.</summary>
    Unpark = 2,

    /// <summary>Ends it as failed, without compensation.</summary>
    ForceStop = 3,

    /// <summary>Counts the calls that wait for a retry or are put aside as succeeded: their effect was applied by
    /// hand.</summary>
    Resolve = 4,
}

/// <summary>The state of a job.</summary>
[GenerateSerializer, Alias("dtm.batch-status")]
public enum BatchStatus
{
    /// <summary>Unknown to this version.</summary>
    None = 0,

    /// <summary>At work, or waiting for jobs before it.</summary>
    Running = 1,

    /// <summary>All transactions of the filter, or as many as the limit allows, are done.</summary>
    Done = 2,

    /// <summary>Stopped on request; what it has done stays done.</summary>
    Stopped = 3,

    /// <summary>It cannot continue; <see cref="BatchInfo.LastError"/> has the reason.</summary>
    Failed = 4,
}

/// <summary>The same change of many unfinished transactions.</summary>
[GenerateSerializer, Immutable, Alias("dtm.batch-change")]
public sealed record BatchChange
{
    /// <summary>The operation.</summary>
    [Id(0)]
    public required BatchOperation Operation { get; init; }

    /// <summary>
    /// Parameters of the listing over HTTP, at least one unless there are <see cref="Gids"/>: gid, gid_prefix, tag,
    /// status, transType, host, error, parked, createTimeStart, createTimeEnd. With <see cref="BatchOperation.Unpark"/>
    /// it may be empty.
    /// </summary>
    [Id(1)]
    public Dictionary<string, string> Filter { get; init; } = [];

    /// <summary>Only count what the filter selects.</summary>
    [Id(2)]
    public bool DryRun { get; init; }

    /// <summary>At most so many transactions, the newest first; null = 10,000.</summary>
    [Id(3)]
    public int? Limit { get; init; }

    /// <summary>
    /// The reason; <see cref="BatchOperation.ForceStop"/> and <see cref="BatchOperation.Resolve"/> need one.
    /// </summary>
    [Id(4)]
    public string Reason { get; init; } = "";

    /// <summary>The transactions, instead of a filter; at most 1,000.</summary>
    [Id(5)]
    public string[] Gids { get; init; } = [];
}

/// <summary>A job and its progress.</summary>
[GenerateSerializer, Immutable, Alias("dtm.batch-info")]
public sealed record BatchInfo
{
    /// <summary>Identifies the job.</summary>
    [Id(0)]
    public required string Id { get; init; }

    /// <summary>What was requested, with defaults.</summary>
    [Id(1)]
    public required BatchChange Change { get; init; }

    /// <summary>The operator or client that started it.</summary>
    [Id(2)]
    public required string By { get; init; }

    /// <summary>The state.</summary>
    [Id(3)]
    public required BatchStatus Status { get; init; }

    /// <summary>UTC, as all times here.</summary>
    [Id(4)]
    public required DateTimeOffset Created { get; init; }

    /// <summary>When its progress was stored last.</summary>
    [Id(5)]
    public required DateTimeOffset Updated { get; init; }

    /// <summary>Transactions that the filter has selected so far.</summary>
    [Id(6)]
    public int Matched { get; init; }

    /// <summary>Transactions that were changed.</summary>
    [Id(7)]
    public int Succeeded { get; init; }

    /// <summary>Transactions that refused it, for example because they had ended.</summary>
    [Id(8)]
    public int Rejected { get; init; }

    /// <summary>Transactions whose silo or store did not answer.</summary>
    [Id(9)]
    public int Failed { get; init; }

    /// <summary>The latest reason of a transaction that was not changed; empty = none.</summary>
    [Id(10)]
    public string LastError { get; init; } = "";

    /// <summary>The first gids that the filter selected, at most ten.</summary>
    [Id(11)]
    public string[] Sample { get; init; } = [];

    /// <summary>It does not change anything any more.</summary>
    public bool HasEnded => Status is BatchStatus.Done or BatchStatus.Stopped or BatchStatus.Failed;
}

/// <summary>A reply with jobs.</summary>
[GenerateSerializer, Immutable, Alias("dtm.batch-reply")]
public sealed record BatchReply
{
    [Id(0)]
    public required TransactionReply Reply { get; init; }

    /// <summary>The jobs; empty when the reply is not Ok, or there is no such job.</summary>
    [Id(1)]
    public BatchInfo[] Batches { get; init; } = [];
}

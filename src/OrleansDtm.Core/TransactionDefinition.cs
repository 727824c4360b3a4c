using System.Collections.Immutable;

namespace OrleansDtm.Core;

/// <summary>What the submitter said. Progress never rewrites it; a submit may add to what its prepare said.</summary>
public sealed record TransactionDefinition
{
    /// <summary>Global id: 1 to 128 characters, compared bytewise.</summary>
    public required string Gid { get; init; }

    public required TransactionType Type { get; init; }

    /// <summary>When the coordinator first stored it (UTC, milliseconds).</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>When a prepared message with a delay was submitted (UTC); null = when it was created.</summary>
    public DateTimeOffset? Submitted { get; init; }

    /// <summary>How branches are called: <c>http</c>, <c>grpc</c> or <c>json-rpc</c>.</summary>
    public string Protocol { get; init; } = "http";

    /// <summary>The URL that tells whether a prepared message was meant (msg), or that resumes a workflow; empty otherwise.</summary>
    public string QueryPrepared { get; init; } = "";

    /// <summary>The call of <see cref="QueryPrepared"/> (branch 00), ready to be made; null when there is none.</summary>
    public BranchOpDefinition? Query { get; init; }

    /// <summary>Told how the transaction ended; empty = nobody.</summary>
    public string NoticeUrl { get; init; } = "";

    /// <summary>The submitter's custom data as it came, shown again by query.</summary>
    public string CustomData { get; init; } = "";

    public required TransactionOptions Options { get; init; }

    /// <summary>Headers added to each call of a branch.</summary>
    public ImmutableDictionary<string, string> BranchHeaders { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The trace all its calls belong to, whichever process makes them; null = none.</summary>
    public TraceContext? Trace { get; init; }
}

/// <summary>Options with the coordinator's defaults already filled in, so that a restart with another configuration changes nothing.</summary>
public sealed record TransactionOptions
{
    /// <summary>Age at which an undecided or unfinished transaction turns back; zero = never, which a prepared msg, tcc or xa must not have.</summary>
    public TimeSpan TimeoutToFail { get; init; }

    /// <summary>The first wait after an error, and the constant one after ONGOING.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary><see cref="RetryInterval"/> was named by the submitter; false = it is a default.</summary>
    public bool RetryIntervalNamed { get; init; }

    /// <summary>The cap of the doubling wait, before jitter.</summary>
    public TimeSpan RetryIntervalMax { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long one call of a branch may take.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Saga only: failed attempts of actions, over all branches, before it turns back; zero = no limit.</summary>
    public int RetryLimit { get; init; }

    /// <summary>Branches may run side by side.</summary>
    public bool Concurrent { get; init; }

    /// <summary>The submitter asked to be answered at the end.</summary>
    public bool WaitResult { get; init; }

    /// <summary>Delay between the submit and the first call of a message; zero = none.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Concurrent saga: for each step (by index) the steps that must be done before it; empty = none.</summary>
    public ImmutableDictionary<int, ImmutableArray<int>> Orders { get; init; } = ImmutableDictionary<int, ImmutableArray<int>>.Empty;
}

/// <summary>One call that belongs to a transaction: fixed when it is stored.</summary>
/// <param name="Id">DTM's branch id: 01, 02, 01-01, ...</param>
/// <param name="Op">One of <see cref="BranchOps"/>, or a workflow's own.</param>
/// <param name="Url">Whom to call; empty = nothing to call, done at once.</param>
/// <param name="Payload">The body as it came; may be empty.</param>
/// <param name="Created">When it was stored (UTC).</param>
public sealed record BranchOpDefinition(string Id, string Op, string Url, ReadOnlyMemory<byte> Payload, DateTimeOffset Created);

/// <summary>Options that a request names itself. Values travel between silos: they may only grow.</summary>
[Flags]
public enum NamedOptions
{
    None = 0,
    TimeoutToFail = 1,
    RetryInterval = 2,
    RequestTimeout = 4,
    Concurrent = 8,
    WaitResult = 16,
    BranchHeaders = 32,

    /// <summary>And with it the delay of a message, which is part of it.</summary>
    CustomData = 64,
    NoticeUrl = 128,
}

/// <summary>What a submit or a prepare brings: the definition and the branches known so far.</summary>
/// <param name="Definition">Complete: defaults fill what the request does not name.</param>
/// <param name="Branches">Of a prepared transaction those of its prepare count.</param>
/// <param name="Named">Which options the request names: those of a submit win over those of its prepare.</param>
public sealed record Submission(
    TransactionDefinition Definition, ImmutableArray<BranchOpDefinition> Branches, NamedOptions Named = NamedOptions.None);

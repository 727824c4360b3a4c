using System.Collections.Immutable;
using OrleansDtm.Core;

namespace OrleansDtm.Grains.Messages;

/// <summary>The serialized form of <see cref="TransactionDefinition"/>. Durations in milliseconds.</summary>
[GenerateSerializer, Alias("dtm.definition")]
internal struct DefinitionSurrogate
{
    [Id(0)]
    public string Gid;

    /// <summary>The value of Core's enum. Add new values, never change them.</summary>
    [Id(1)]
    public byte Type;

    [Id(2)]
    public DateTimeOffset Created;

    [Id(3)]
    public string Protocol;

    [Id(4)]
    public string QueryPrepared;

    /// <summary>None or one.</summary>
    [Id(5)]
    public BranchSurrogate[]? Query;

    [Id(6)]
    public string NoticeUrl;

    [Id(7)]
    public string CustomData;

    /// <summary>Null = none.</summary>
    [Id(8)]
    public Dictionary<string, string>? BranchHeaders;

    [Id(9)]
    public string? TraceParent;

    [Id(10)]
    public string? TraceState;

    [Id(11)]
    public OptionsSurrogate Options;

    /// <summary>Null = the creation time.</summary>
    [Id(12)]
    public DateTimeOffset? Submitted;

    /// <summary>Null = none.</summary>
    [Id(13)]
    public Dictionary<string, string>? Tags;
}

/// <summary>The serialized form of <see cref="TransactionOptions"/>. Durations in milliseconds.</summary>
[GenerateSerializer, Alias("dtm.options")]
internal struct OptionsSurrogate
{
    [Id(0)]
    public long TimeoutToFailMs;

    [Id(1)]
    public long RetryIntervalMs;

    [Id(2)]
    public long RetryIntervalMaxMs;

    [Id(3)]
    public long RequestTimeoutMs;

    [Id(4)]
    public int RetryLimit;

    [Id(5)]
    public bool Concurrent;

    [Id(6)]
    public bool WaitResult;

    [Id(7)]
    public long DelayMs;

    /// <summary>Null = none.</summary>
    [Id(8)]
    public Dictionary<int, int[]>? Orders;

    [Id(9)]
    public bool RetryIntervalNamed;

    [Id(10)]
    public int GiveUpAfter;

    [Id(11)]
    public long GiveUpAfterTimeMs;

    [Id(12)]
    public int ResultBytesMax;
}

/// <summary>The serialized form of <see cref="BranchOpDefinition"/>.</summary>
[GenerateSerializer, Alias("dtm.branch-op")]
internal struct BranchSurrogate
{
    [Id(0)]
    public string Id;

    [Id(1)]
    public string Op;

    [Id(2)]
    public string Url;

    [Id(3)]
    public ReadOnlyMemory<byte> Payload;

    [Id(4)]
    public DateTimeOffset Created;

    /// <summary>None or one.</summary>
    [Id(5)]
    public PolicySurrogate[]? Policy;
}

/// <summary>
/// The serialized form of <see cref="CallPolicy"/>. Durations in milliseconds; null = the transaction's.
/// </summary>
[GenerateSerializer, Alias("dtm.policy")]
internal struct PolicySurrogate
{
    [Id(0)]
    public int? RetryLimit;

    [Id(1)]
    public long? RetryIntervalMs;

    /// <summary>The value of Core's enum. Add new values, never change them.</summary>
    [Id(2)]
    public byte Backoff;

    [Id(3)]
    public long? RetryIntervalMaxMs;

    [Id(4)]
    public long? RequestTimeoutMs;

    [Id(5)]
    public long? TimeoutToFailMs;

    /// <summary>Null = none.</summary>
    [Id(6)]
    public Dictionary<string, string>? Headers;

    [Id(7)]
    public int? GiveUpAfter;

    [Id(8)]
    public long? GiveUpAfterTimeMs;
}

/// <summary>Converts Core's records to and from their serialized form.</summary>
internal static class Surrogates
{
    public static DefinitionSurrogate Of(TransactionDefinition definition) => new()
    {
        Gid = definition.Gid,
        Type = (byte)definition.Type,
        Created = definition.Created,
        Protocol = definition.Protocol,
        QueryPrepared = definition.QueryPrepared,
        Query = definition.Query is { } query ? [Of(query)] : null,
        NoticeUrl = definition.NoticeUrl,
        CustomData = definition.CustomData,
        BranchHeaders = definition.BranchHeaders.IsEmpty ? null : definition.BranchHeaders.ToDictionary(),
        TraceParent = definition.Trace?.Parent,
        TraceState = definition.Trace?.State,
        Options = Of(definition.Options),
        Submitted = definition.Submitted,
        Tags = definition.Tags.IsEmpty ? null : definition.Tags.ToDictionary(),
    };

    public static TransactionDefinition Definition(in DefinitionSurrogate sent) => new()
    {
        Gid = sent.Gid,
        Type = (TransactionType)sent.Type,
        Created = sent.Created,
        Protocol = sent.Protocol,
        QueryPrepared = sent.QueryPrepared,
        Query = sent.Query is [var query] ? Branch(query) : null,
        NoticeUrl = sent.NoticeUrl,
        CustomData = sent.CustomData,
        BranchHeaders = sent.BranchHeaders?.ToImmutableDictionary() ?? ImmutableDictionary<string, string>.Empty,
        Trace = sent.TraceParent is { } parent ? new TraceContext(parent, sent.TraceState ?? "") : null,
        Options = Options(sent.Options),
        Submitted = sent.Submitted,
        Tags = TransactionTags.Of(sent.Tags),
    };

    public static BranchSurrogate[] Of(ImmutableArray<BranchOpDefinition> branches) => [.. branches.Select(Of)];

    public static ImmutableArray<BranchOpDefinition> Branches(BranchSurrogate[]? sent) =>
        [.. (sent ?? []).Select(static b => Branch(b))];

    private static BranchSurrogate Of(BranchOpDefinition branch) => new()
    {
        Id = branch.Id,
        Op = branch.Op,
        Url = branch.Url,
        Payload = branch.Payload,
        Created = branch.Created,
        Policy = branch.Policy is { } policy ? [Of(policy)] : null,
    };

    private static BranchOpDefinition Branch(in BranchSurrogate sent) =>
        new(sent.Id, sent.Op, sent.Url, sent.Payload, sent.Created)
        {
            Policy = sent.Policy is [var policy] ? Policy(policy) : null,
        };

    private static PolicySurrogate Of(CallPolicy policy) => new()
    {
        RetryLimit = policy.RetryLimit,
        RetryIntervalMs = Milliseconds(policy.RetryInterval),
        Backoff = (byte)policy.Backoff,
        RetryIntervalMaxMs = Milliseconds(policy.RetryIntervalMax),
        RequestTimeoutMs = Milliseconds(policy.RequestTimeout),
        TimeoutToFailMs = Milliseconds(policy.TimeoutToFail),
        Headers = policy.Headers?.ToDictionary(),
        GiveUpAfter = policy.GiveUpAfter,
        GiveUpAfterTimeMs = Milliseconds(policy.GiveUpAfterTime),
    };

    private static CallPolicy Policy(in PolicySurrogate sent) => new()
    {
        RetryLimit = sent.RetryLimit,
        RetryInterval = Duration(sent.RetryIntervalMs),
        Backoff = (RetryBackoff)sent.Backoff,
        RetryIntervalMax = Duration(sent.RetryIntervalMaxMs),
        RequestTimeout = Duration(sent.RequestTimeoutMs),
        TimeoutToFail = Duration(sent.TimeoutToFailMs),
        Headers = sent.Headers?.ToImmutableDictionary(),
        GiveUpAfter = sent.GiveUpAfter,
        GiveUpAfterTime = Duration(sent.GiveUpAfterTimeMs),
    };

    private static OptionsSurrogate Of(TransactionOptions options) => new()
    {
        TimeoutToFailMs = Milliseconds(options.TimeoutToFail),
        RetryIntervalMs = Milliseconds(options.RetryInterval),
        RetryIntervalNamed = options.RetryIntervalNamed,
        RetryIntervalMaxMs = Milliseconds(options.RetryIntervalMax),
        RequestTimeoutMs = Milliseconds(options.RequestTimeout),
        RetryLimit = options.RetryLimit,
        Concurrent = options.Concurrent,
        WaitResult = options.WaitResult,
        DelayMs = Milliseconds(options.Delay),
        Orders = options.Orders.IsEmpty
            ? null
            : options.Orders.ToDictionary(static o => o.Key, static o => o.Value.ToArray()),
        GiveUpAfter = options.GiveUpAfter,
        GiveUpAfterTimeMs = Milliseconds(options.GiveUpAfterTime),
        ResultBytesMax = options.ResultBytesMax,
    };

    private static TransactionOptions Options(in OptionsSurrogate sent) => new()
    {
        TimeoutToFail = TimeSpan.FromMilliseconds(sent.TimeoutToFailMs),
        RetryInterval = TimeSpan.FromMilliseconds(sent.RetryIntervalMs),
        RetryIntervalNamed = sent.RetryIntervalNamed,
        RetryIntervalMax = TimeSpan.FromMilliseconds(sent.RetryIntervalMaxMs),
        RequestTimeout = TimeSpan.FromMilliseconds(sent.RequestTimeoutMs),
        RetryLimit = sent.RetryLimit,
        Concurrent = sent.Concurrent,
        WaitResult = sent.WaitResult,
        Delay = TimeSpan.FromMilliseconds(sent.DelayMs),
        Orders = sent.Orders?.ToImmutableDictionary(static o => o.Key, static o => o.Value.ToImmutableArray())
            ?? ImmutableDictionary<int, ImmutableArray<int>>.Empty,
        GiveUpAfter = sent.GiveUpAfter,
        GiveUpAfterTime = TimeSpan.FromMilliseconds(sent.GiveUpAfterTimeMs),
        ResultBytesMax = sent.ResultBytesMax,
    };

    private static long Milliseconds(TimeSpan duration) => (long)duration.TotalMilliseconds;

    private static long? Milliseconds(TimeSpan? duration) => duration is { } value ? Milliseconds(value) : null;

    private static TimeSpan? Duration(long? milliseconds) =>
        milliseconds is { } value ? TimeSpan.FromMilliseconds(value) : null;
}

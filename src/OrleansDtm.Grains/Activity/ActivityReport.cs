namespace OrleansDtm.Grains.Activity;

/// <summary>The recent activity of one silo, for the admin page. Not persisted.</summary>
[GenerateSerializer]
[Alias("dtm.activity-report")]
public sealed record ActivityReport
{
    /// <summary>The coordinator's version on this silo.</summary>
    [Id(0)]
    public required string Version { get; init; }

    /// <summary>The time at which counting started (UTC).</summary>
    [Id(1)]
    public required DateTimeOffset Started { get; init; }

    /// <summary>The memory of the process in bytes.</summary>
    [Id(2)]
    public required long Memory { get; init; }

    /// <summary>The counts, oldest slot first. Slots without activity are omitted.</summary>
    [Id(3)]
    public required ActivitySlot[] Slots { get; init; }

    /// <summary>Transaction durations from creation to end: counts by <see cref="DurationBuckets"/>.</summary>
    [Id(4)]
    public required long[] Transactions { get; init; }

    /// <summary>Branch call latency: counts by <see cref="DurationBuckets"/>.</summary>
    [Id(5)]
    public required long[] Calls { get; init; }

    /// <summary>Latency of requests to the coordinator: counts by <see cref="DurationBuckets"/>.</summary>
    [Id(6)]
    public required long[] Requests { get; init; }

    /// <summary>The services with unsuccessful calls, the latest failure first.</summary>
    [Id(7)]
    public required ServiceFailures[] Services { get; init; }

    /// <summary>The requests of each caller; null = the silo does not know its callers.</summary>
    [Id(20)]
    public CallerActivity[]? Callers { get; init; }

    /// <summary>The branch calls to each host; null = the silo is of an earlier version.</summary>
    [Id(21)]
    public HostActivity[]? Hosts { get; init; }

    /// <summary>What the silo carries now; null = the silo is of an earlier version.</summary>
    [Id(22)]
    public SiloLoad? Load { get; init; }
}

/// <summary>The requests of one caller since the start of the silo.</summary>
[GenerateSerializer]
[Alias("dtm.caller-activity")]
public sealed record CallerActivity
{
    /// <summary>key or token.</summary>
    [Id(0)]
    public required string Kind { get; init; }

    /// <summary>The name of the key, or of the token's subject.</summary>
    [Id(1)]
    public required string Name { get; init; }

    /// <summary>All requests, the refused ones included.</summary>
    [Id(2)]
    public required long Requests { get; init; }

    /// <summary>Requests that the role or a limit of the caller did not allow.</summary>
    [Id(3)]
    public required long Refused { get; init; }

    /// <summary>The requests of the last minute.</summary>
    [Id(4)]
    public required long LastMinute { get; init; }

    /// <summary>The time of the last request (UTC).</summary>
    [Id(5)]
    public required DateTimeOffset LastAt { get; init; }

    /// <summary>Unfinished transactions that count against the caller's limit; null = it has none.</summary>
    [Id(6)]
    public int? Unfinished { get; init; }
}

/// <summary>The branch calls of one silo to one host since its start.</summary>
[GenerateSerializer]
[Alias("dtm.host-activity")]
public sealed record HostActivity
{
    /// <summary>host:port, or grain://Type; <c>other</c> = all beyond the first hosts.</summary>
    [Id(0)]
    public required string Host { get; init; }

    [Id(1)]
    public required long Succeeded { get; init; }

    /// <summary>Answers ONGOING.</summary>
    [Id(2)]
    public required long Ongoing { get; init; }

    /// <summary>Calls that the service refused for a business reason.</summary>
    [Id(3)]
    public required long Failed { get; init; }

    /// <summary>Timeouts, lost connections, unreadable answers, and calls without a free call slot.</summary>
    [Id(4)]
    public required long Errors { get; init; }

    /// <summary>Calls that are in flight or wait for a call slot now.</summary>
    [Id(5)]
    public required int Open { get; init; }

    /// <summary>The time of the last answer SUCCESS or ONGOING (UTC); null = there was none.</summary>
    [Id(6)]
    public DateTimeOffset? LastGoodAt { get; init; }

    /// <summary>
    /// True if the last call got no answer in its timeout: calls to the host have half of the places until it answers.
    /// </summary>
    [Id(7)]
    public bool IsSilent { get; init; }
}

/// <summary>Counts the requests of each caller of this silo.</summary>
public interface ICallerActivity
{
    CallerActivity[] Read();
}

/// <summary>The counts of one slot of <see cref="ActivityWindow.SlotSeconds"/>.</summary>
[GenerateSerializer]
[Alias("dtm.activity-slot")]
public sealed record ActivitySlot
{
    /// <summary>
    /// The start of the slot in seconds since 1970, a multiple of <see cref="ActivityWindow.SlotSeconds"/>.
    /// </summary>
    [Id(0)]
    public long Start { get; init; }

    /// <summary>Transactions that succeeded.</summary>
    [Id(1)]
    public long Succeeded { get; init; }

    /// <summary>Transactions that failed.</summary>
    [Id(2)]
    public long Failed { get; init; }

    /// <summary>Branch calls that succeeded or returned ONGOING.</summary>
    [Id(3)]
    public long CallsAnswered { get; init; }

    /// <summary>Branch calls that failed or ended with an error.</summary>
    [Id(4)]
    public long CallsFailed { get; init; }

    /// <summary>Requests to the coordinator, all protocols.</summary>
    [Id(5)]
    public long Requests { get; init; }

    /// <summary>Requests to the coordinator that returned an error.</summary>
    [Id(6)]
    public long RequestsFailed { get; init; }

    /// <summary>Adds the counts of two slots; the start is that of the first.</summary>
    public static ActivitySlot operator +(ActivitySlot left, ActivitySlot right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return left with
        {
            Succeeded = left.Succeeded + right.Succeeded,
            Failed = left.Failed + right.Failed,
            CallsAnswered = left.CallsAnswered + right.CallsAnswered,
            CallsFailed = left.CallsFailed + right.CallsFailed,
            Requests = left.Requests + right.Requests,
            RequestsFailed = left.RequestsFailed + right.RequestsFailed,
        };
    }

    public static ActivitySlot Add(ActivitySlot left, ActivitySlot right) => left + right;
}

/// <summary>The unsuccessful calls to one service within the window.</summary>
[GenerateSerializer]
[Alias("dtm.service-failures")]
public sealed record ServiceFailures
{
    /// <summary>host:port, or grain://Type.</summary>
    [Id(0)]
    public required string Service { get; init; }

    /// <summary>Timeouts, lost connections, unreadable responses, and calls without a free call slot.</summary>
    [Id(1)]
    public required long Errors { get; init; }

    /// <summary>Calls that the service rejected for a business reason.</summary>
    [Id(2)]
    public required long Refusals { get; init; }

    /// <summary>The time of the latest failure (UTC).</summary>
    [Id(3)]
    public required DateTimeOffset LastAt { get; init; }

    /// <summary>The error of the latest failure, shortened.</summary>
    [Id(4)]
    public required string LastError { get; init; }

    /// <summary>The gid of the latest failure.</summary>
    [Id(5)]
    public required string LastGid { get; init; }

    /// <summary>The namespace of the transactions; null = the default one.</summary>
    [Id(6)]
    public string? Namespace { get; init; }

    /// <summary>Errors and refusals of each of the last ten minutes, oldest first; null = of an older silo.</summary>
    [Id(7)]
    public long[]? Minutes { get; init; }
}

namespace OrleansDtm.Grains.Activity;

/// <summary>What one silo has done in the last minutes: for people who look, not for the record.</summary>
[GenerateSerializer]
[Alias("dtm.activity-report")]
public sealed record ActivityReport
{
    /// <summary>Of the coordinator that runs there.</summary>
    [Id(0)]
    public required string Version { get; init; }

    /// <summary>Since when it has been counting (UTC).</summary>
    [Id(1)]
    public required DateTimeOffset Started { get; init; }

    /// <summary>Bytes the process holds.</summary>
    [Id(2)]
    public required long Memory { get; init; }

    /// <summary>Oldest first; spans in which nothing happened are left out.</summary>
    [Id(3)]
    public required ActivitySlot[] Slots { get; init; }

    /// <summary>How long transactions took from their creation to their end: counts by <see cref="DurationBuckets"/>.</summary>
    [Id(4)]
    public required long[] Transactions { get; init; }

    /// <summary>How long calls of branches took.</summary>
    [Id(5)]
    public required long[] Calls { get; init; }

    /// <summary>How long requests to the coordinator took.</summary>
    [Id(6)]
    public required long[] Requests { get; init; }

    /// <summary>The services whose calls came to nothing, the latest failure first.</summary>
    [Id(7)]
    public required ServiceFailures[] Services { get; init; }
}

/// <summary>What happened within one span of <see cref="ActivityWindow.SlotSeconds"/>.</summary>
[GenerateSerializer]
[Alias("dtm.activity-slot")]
public sealed record ActivitySlot
{
    /// <summary>Its start in seconds since 1970, a multiple of <see cref="ActivityWindow.SlotSeconds"/>.</summary>
    [Id(0)]
    public long Start { get; init; }

    /// <summary>Transactions that succeeded.</summary>
    [Id(1)]
    public long Succeeded { get; init; }

    /// <summary>Transactions that failed.</summary>
    [Id(2)]
    public long Failed { get; init; }

    /// <summary>Calls of branches that succeeded or are going on.</summary>
    [Id(3)]
    public long CallsAnswered { get; init; }

    /// <summary>Calls of branches that were refused or came to nothing.</summary>
    [Id(4)]
    public long CallsFailed { get; init; }

    /// <summary>Requests to the coordinator, of any protocol.</summary>
    [Id(5)]
    public long Requests { get; init; }

    /// <summary>Those among them that were answered with an error.</summary>
    [Id(6)]
    public long RequestsFailed { get; init; }

    /// <summary>Both together; the start is that of the first.</summary>
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

/// <summary>Calls of one service that did not succeed, within the window.</summary>
[GenerateSerializer]
[Alias("dtm.service-failures")]
public sealed record ServiceFailures
{
    /// <summary>host:port, or grain://Type.</summary>
    [Id(0)]
    public required string Service { get; init; }

    /// <summary>Timeouts, lost connections, unreadable answers, no place to call from.</summary>
    [Id(1)]
    public required long Errors { get; init; }

    /// <summary>The business said no.</summary>
    [Id(2)]
    public required long Refusals { get; init; }

    /// <summary>When the latest one was answered (UTC).</summary>
    [Id(3)]
    public required DateTimeOffset LastAt { get; init; }

    /// <summary>What the latest one said, cut.</summary>
    [Id(4)]
    public required string LastError { get; init; }

    /// <summary>Whose the latest one was.</summary>
    [Id(5)]
    public required string LastGid { get; init; }
}

namespace OrleansDtm.Storage;

/// <summary>Limits of a <see cref="GroupCommitWriter"/>.</summary>
public sealed record GroupCommitOptions
{
    /// <summary>The capacity of the queue; when it is full, callers wait. Default 100,000.</summary>
    public int QueueCapacity { get; init; } = 100_000;

    /// <summary>The maximum writes of one database transaction. Default 1,024.</summary>
    public int BatchMax { get; init; } = 1024;

    /// <summary>
    /// How long a commit waits for more writes if the previous one had 5 or more, which share its cost. Whole
    /// milliseconds; zero (default) = no wait. Useful only if CPU is scarce: otherwise it only adds latency.
    /// </summary>
    public TimeSpan CommitDelay { get; init; }

    /// <summary>
    /// Whether the caller of a single write may commit it, which blocks its thread for the time of a commit. Default
    /// true; false for callers that must not block, such as a simulator with one thread for everything.
    /// </summary>
    public bool CallersCommit { get; init; } = true;

    /// <summary>The index of the shard, for metrics and spans. Default 0.</summary>
    public int Shard { get; init; }
}

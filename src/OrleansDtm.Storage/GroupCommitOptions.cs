namespace OrleansDtm.Storage;

/// <summary>Limits of a <see cref="GroupCommitWriter"/>.</summary>
public sealed record GroupCommitOptions
{
    /// <summary>Writes that may wait; further ones wait to be queued. Default 100,000.</summary>
    public int QueueCapacity { get; init; } = 100_000;

    /// <summary>The most writes one database transaction carries. Default 1,024.</summary>
    public int BatchMax { get; init; } = 1024;

    /// <summary>
    /// How long a commit waits for more writes when the one before carried 5 or more: what every commit costs is shared by those that it
    /// carries. Whole milliseconds; zero (default) = not at all. It pays only where CPU is short: elsewhere clients wait for nothing.
    /// </summary>
    public TimeSpan CommitDelay { get; init; }

    /// <summary>The number of the shard whose writes they are, for metrics and spans. Default 0.</summary>
    public int Shard { get; init; }
}

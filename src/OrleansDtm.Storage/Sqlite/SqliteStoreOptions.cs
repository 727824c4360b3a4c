namespace OrleansDtm.Storage.Sqlite;

/// <summary>Where and how <see cref="SqliteTransactionStore"/> keeps transactions.</summary>
public sealed record SqliteStoreOptions
{
    /// <summary>
    /// The database file, relative to the working directory; its directory is created. Default <c>data/dtm.db</c>.
    /// </summary>
    public string Path { get; init; } = "data/dtm.db";

    /// <summary>The number of connections for reading, and so of parallel reads. Default 4.</summary>
    public int Readers { get; init; } = 4;

    /// <summary>
    /// The timeout for a lock that another program (a backup) holds; whole seconds, at least 1. Default 5 s.
    /// </summary>
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The page cache of each connection in KiB. Default 16,384.</summary>
    public int CacheKib { get; init; } = 16_384;

    /// <summary>
    /// The pages in the write-ahead log before a checkpoint; more = fewer and longer checkpoints. Default 4,000 (16
    /// MB).
    /// </summary>
    public int CheckpointPages { get; init; } = 4000;

    /// <summary>
    /// No lock, no schema change, no write; works while a coordinator has the file open. Default false.
    /// </summary>
    public bool ReadOnly { get; init; }

    /// <summary>Limits of the writer.</summary>
    public GroupCommitOptions GroupCommit { get; init; } = new();
}

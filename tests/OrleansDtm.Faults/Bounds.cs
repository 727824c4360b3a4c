namespace OrleansDtm.Faults;

/// <summary>The time limits that the checkers enforce.</summary>
internal static class Bounds
{
    /// <summary>The setting of the silos.</summary>
    public static readonly TimeSpan RetryIntervalMax = TimeSpan.FromSeconds(8);

    /// <summary>The setting of the silos.</summary>
    public static readonly TimeSpan TimeoutToFail = TimeSpan.FromSeconds(15);

    /// <summary>
    /// The time after the last fault within which every transaction ends: the longest timeout, some retries with the
    /// longest delay, and the detection of a death with the takeover.
    /// </summary>
    public static readonly TimeSpan End = TimeSpan.FromSeconds(90);

    /// <summary>
    /// The time after a fault within which both silos are ready again: the restart delay, the start, and stale rows in
    /// the membership table.
    /// </summary>
    public static readonly TimeSpan Ready = TimeSpan.FromSeconds(90);

    /// <summary>The time after the database is back within which each silo ends a transaction again.</summary>
    public static readonly TimeSpan Return = TimeSpan.FromSeconds(5);

    /// <summary>The time after a fault until its effects are over: hanging calls, leases, backoff delays.</summary>
    public static readonly TimeSpan Settled = TimeSpan.FromSeconds(30);

    /// <summary>The tolerance for due work without faults. The machine runs other processes too.</summary>
    public static readonly TimeSpan Late = TimeSpan.FromSeconds(10);
}

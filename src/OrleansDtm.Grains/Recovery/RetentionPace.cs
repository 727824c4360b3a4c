namespace OrleansDtm.Grains.Recovery;

/// <summary>
/// Computes the pace of retention. After each small batch it waits nine times as long as the batch took, so that
/// deleting uses at most 10 % of the store's time and slows down with the store.
/// </summary>
internal static class RetentionPace
{
    /// <summary>The rows per batch: a few milliseconds, so that a waiting commit is hardly delayed.</summary>
    public const int SliceRows = 500;

    /// <summary>The delay after an error.</summary>
    public static readonly TimeSpan Retry = TimeSpan.FromSeconds(10);

    private const int PausePerWork = 9;

    private static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan PauseMax = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RestMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RestMax = TimeSpan.FromMinutes(10);

    /// <summary>Returns the delay between two batches of a pass.</summary>
    public static TimeSpan PauseAfter(TimeSpan slice) => TimeSpan.FromTicks(
        Math.Clamp(slice.Ticks, PauseMin.Ticks / PausePerWork, PauseMax.Ticks / PausePerWork) * PausePerWork);

    /// <summary>
    /// Returns the delay between two passes: 1 % of the retention, at most ten minutes, and at least the length of the
    /// previous pass. A pass starts at the oldest row and reads every unfinished old transaction again, which can be a
    /// million rows.
    /// </summary>
    public static TimeSpan RestAfter(TimeSpan pass, TimeSpan retention)
    {
        var rest = TimeSpan.FromTicks(Math.Clamp(retention.Ticks / 100, RestMin.Ticks, RestMax.Ticks));
        return rest > pass ? rest : pass;
    }
}

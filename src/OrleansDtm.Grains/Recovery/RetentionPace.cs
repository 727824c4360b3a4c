namespace OrleansDtm.Grains.Recovery;

/// <summary>
/// How hard old transactions are searched for. A slice is small, and followed by nine times the time it took, so that deleting never
/// takes more than a tenth of the store's time, the less the slower the store is just then.
/// </summary>
internal static class RetentionPace
{
    /// <summary>Rows looked at in one go: some milliseconds, which a commit behind it hardly notices.</summary>
    public const int SliceRows = 500;

    /// <summary>After an error.</summary>
    public static readonly TimeSpan Retry = TimeSpan.FromSeconds(10);

    private const int PausePerWork = 9;

    private static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan PauseMax = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RestMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RestMax = TimeSpan.FromMinutes(10);

    /// <summary>Between two slices of a pass.</summary>
    public static TimeSpan PauseAfter(TimeSpan slice) => TimeSpan.FromTicks(
        Math.Clamp(slice.Ticks, PauseMin.Ticks / PausePerWork, PauseMax.Ticks / PausePerWork) * PausePerWork);

    /// <summary>
    /// Between two passes. A pass starts at the oldest row, so it looks again at everything older than the retention that has not
    /// finished, which can be a million. A hundredth of the retention later is nothing to whoever asked for it; ten minutes are enough
    /// for any, or much would gather. And a pass that took long has much to look at: it rests as long as it took.
    /// </summary>
    public static TimeSpan RestAfter(TimeSpan pass, TimeSpan retention)
    {
        var rest = TimeSpan.FromTicks(Math.Clamp(retention.Ticks / 100, RestMin.Ticks, RestMax.Ticks));
        return rest > pass ? rest : pass;
    }
}

namespace OrleansDtm.Core;

/// <summary>Interval, cap and growth of the delays between the attempts of a call.</summary>
/// <param name="Interval">The first delay after an error and the first after ONGOING.</param>
/// <param name="IntervalMax">The maximum delay, before jitter.</param>
/// <param name="Backoff">The growth after errors.</param>
public readonly record struct RetryPacing(TimeSpan Interval, TimeSpan IntervalMax, RetryBackoff Backoff)
{
    public static RetryPacing Of(TransactionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new RetryPacing(options.RetryInterval, options.RetryIntervalMax, RetryBackoff.Doubling);
    }
}

/// <summary>
/// Computes retry delays. Deterministic: jitter comes from a hash, so a replay waits exactly as long.
/// </summary>
public static class RetryPolicy
{
    /// <summary>The maximum jitter, as a fraction of the delay.</summary>
    public const double JitterShare = 0.2;

    /// <summary>The wait after ONGOING grows to at most this many retry intervals.</summary>
    public const int OngoingGrowthMax = 8;

    /// <summary>
    /// The shortest wait, whatever the request's retry interval: one request must not cause thousands of calls per
    /// second.
    /// </summary>
    public static readonly TimeSpan WaitMin = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Returns the delay after an error: exponential backoff from the retry interval up to the cap, or always the
    /// interval, plus jitter that spreads transactions which failed together.
    /// </summary>
    /// <param name="pacing">Interval, cap and growth.</param>
    /// <param name="failures">Errors in a row, 1 or more.</param>
    /// <param name="gid">Seeds the jitter.</param>
    /// <param name="index">Seeds the jitter.</param>
    public static TimeSpan AfterError(in RetryPacing pacing, int failures, string gid, int index)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(failures, 1);
        var cap = Cap(pacing);
        double wait = Interval(pacing);
        for (var i = 1; i < failures && wait < cap && pacing.Backoff != RetryBackoff.Constant; i++)
        {
            wait *= 2;
        }

        wait = Math.Min(wait, cap);
        return TimeSpan.FromTicks((long)(wait * (1 + (JitterShare * Fraction(gid, index, failures)))));
    }

    /// <summary>
    /// Returns the delay after ONGOING: the retry interval, growing by one interval with each further ONGOING up to
    /// <see cref="OngoingGrowthMax"/> intervals. No backoff as after errors, because the service is healthy and still
    /// working.
    /// </summary>
    /// <param name="pacing">Interval and cap.</param>
    /// <param name="inARow">Consecutive ONGOING responses; zero counts as one.</param>
    public static TimeSpan AfterOngoing(in RetryPacing pacing, int inARow) =>
        TimeSpan.FromTicks(Math.Min(Interval(pacing) * Math.Clamp(inARow, 1, OngoingGrowthMax), Cap(pacing)));

    /// <summary>
    /// Returns the delay when the service sent Retry-After: at least the requested delay, at most the cap, plus jitter
    /// that spreads transactions which received the same value.
    /// </summary>
    /// <param name="wait">The minimum: the delay from the rules above.</param>
    /// <param name="asked">The Retry-After value; zero = none.</param>
    /// <param name="pacing">Interval and cap.</param>
    /// <param name="failures">Errors in a row, for the jitter.</param>
    /// <param name="gid">Seeds the jitter.</param>
    /// <param name="index">Seeds the jitter.</param>
    public static TimeSpan AtLeast(
        TimeSpan wait, TimeSpan asked, in RetryPacing pacing, int failures, string gid, int index)
    {
        if (asked <= TimeSpan.Zero)
        {
            return wait;
        }

        double least = Math.Min(asked.Ticks, Cap(pacing));
        least *= 1 + (JitterShare * Fraction(gid, index, failures));
        return least > wait.Ticks ? TimeSpan.FromTicks((long)least) : wait;
    }

    private static long Interval(in RetryPacing pacing) => Math.Max(pacing.Interval.Ticks, WaitMin.Ticks);

    private static long Cap(in RetryPacing pacing) => Math.Max(pacing.IntervalMax.Ticks, Interval(pacing));

    /// <summary>Returns a hash in [0, 1) of transaction, branch and attempt (FNV-1a with a final mix).</summary>
    private static double Fraction(string gid, int index, int failures)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in gid)
        {
            hash = (hash ^ c) * 1099511628211UL;
        }

        hash = (hash ^ (uint)index) * 1099511628211UL;
        hash = (hash ^ (uint)failures) * 1099511628211UL;
        hash ^= hash >> 32;
        hash *= 0xD6E8FEB86659FD93UL;
        return (hash >> 11) * (1.0 / (1UL << 53));
    }
}

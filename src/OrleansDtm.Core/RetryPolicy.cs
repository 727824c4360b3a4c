namespace OrleansDtm.Core;

/// <summary>
/// Computes retry delays. Deterministic: jitter comes from a hash, so a replay waits exactly as long.
/// </summary>
public static class RetryPolicy
{
    /// <summary>The maximum jitter, as a fraction of the delay.</summary>
    public const double JitterShare = 0.2;

    /// <summary>
    /// Returns the delay after an error: exponential backoff from the retry interval up to the cap, plus jitter that
    /// spreads transactions which failed together.
    /// </summary>
    /// <param name="options">Interval and cap.</param>
    /// <param name="failures">Errors in a row, 1 or more.</param>
    /// <param name="gid">Seeds the jitter.</param>
    /// <param name="index">Seeds the jitter.</param>
    public static TimeSpan AfterError(TransactionOptions options, int failures, string gid, int index)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(failures, 1);
        var cap = Math.Max(options.RetryIntervalMax.Ticks, options.RetryInterval.Ticks);
        double wait = options.RetryInterval.Ticks;
        for (var i = 1; i < failures && wait < cap; i++)
        {
            wait *= 2;
        }

        wait = Math.Min(wait, cap);
        return TimeSpan.FromTicks((long)(wait * (1 + (JitterShare * Fraction(gid, index, failures)))));
    }

    /// <summary>Returns the delay after ONGOING: constant, because the service is healthy and still working.</summary>
    public static TimeSpan AfterOngoing(TransactionOptions options) => options.RetryInterval;

    /// <summary>
    /// Returns the delay when the service sent Retry-After: at least the requested delay, at most the cap, plus jitter
    /// that spreads transactions which received the same value.
    /// </summary>
    /// <param name="wait">The minimum: the delay from the rules above.</param>
    /// <param name="asked">The Retry-After value; zero = none.</param>
    /// <param name="options">Interval and cap.</param>
    /// <param name="failures">Errors in a row, for the jitter.</param>
    /// <param name="gid">Seeds the jitter.</param>
    /// <param name="index">Seeds the jitter.</param>
    public static TimeSpan AtLeast(TimeSpan wait, TimeSpan asked, TransactionOptions options, int failures, string gid, int index)
    {
        if (asked <= TimeSpan.Zero)
        {
            return wait;
        }

        double least = Math.Min(asked.Ticks, Math.Max(options.RetryIntervalMax.Ticks, options.RetryInterval.Ticks));
        least *= 1 + (JitterShare * Fraction(gid, index, failures));
        return least > wait.Ticks ? TimeSpan.FromTicks((long)least) : wait;
    }

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

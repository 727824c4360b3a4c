namespace OrleansDtm.Grains.Activity;

/// <summary>
/// A histogram of durations with four buckets per octave from 1 µs up. Percentiles are accurate to about 10 %.
/// </summary>
public static class DurationBuckets
{
    /// <summary>The number of buckets; the last one holds durations above one hour.</summary>
    public const int Count = 128;

    private const int PerOctave = 4;

    public static int Of(TimeSpan duration)
    {
        var microseconds = duration.Ticks / (double)TimeSpan.TicksPerMicrosecond;
        return microseconds <= 1 ? 0 : Math.Min(Count - 1, (int)(Math.Log2(microseconds) * PerOctave));
    }

    /// <summary>Returns a percentile; null = no durations.</summary>
    /// <param name="counts">Counts by bucket.</param>
    /// <param name="share">The percentile as a fraction, 0 to 1.</param>
    public static TimeSpan? Percentile(ReadOnlySpan<long> counts, double share)
    {
        var all = 0L;
        foreach (var count in counts)
        {
            all += count;
        }

        if (all == 0)
        {
            return null;
        }

        var wanted = Math.Max(1, (long)Math.Ceiling(all * share));
        var bucket = 0;
        for (var seen = counts[0]; seen < wanted; seen += counts[bucket])
        {
            bucket++;
        }

        // The geometric middle of the bucket.
        return TimeSpan.FromMicroseconds(Math.Pow(2, (bucket + 0.5) / PerOctave));
    }
}

namespace OrleansDtm.Grains.Activity;

/// <summary>Counts of durations by size, four to an octave from one microsecond up: percentiles come out within a tenth.</summary>
public static class DurationBuckets
{
    /// <summary>The last one holds what took longer than an hour.</summary>
    public const int Count = 128;

    private const int PerOctave = 4;

    public static int Of(TimeSpan duration)
    {
        var microseconds = duration.Ticks / (double)TimeSpan.TicksPerMicrosecond;
        return microseconds <= 1 ? 0 : Math.Min(Count - 1, (int)(Math.Log2(microseconds) * PerOctave));
    }

    /// <summary>The duration that the share of them did not exceed; null = there are none.</summary>
    /// <param name="counts">By bucket.</param>
    /// <param name="share">0 to 1.</param>
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

        // The middle of the bucket, as its octave is divided.
        return TimeSpan.FromMicroseconds(Math.Pow(2, (bucket + 0.5) / PerOctave));
    }
}

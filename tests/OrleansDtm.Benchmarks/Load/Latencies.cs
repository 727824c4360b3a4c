using System.Diagnostics;

namespace OrleansDtm.Benchmarks.Load;

/// <summary>The latencies of one client. Each client has its own, so that recording needs no lock.</summary>
internal sealed class Latencies
{
    private readonly List<long> _ticks = new(16 * 1024);

    public int Count => _ticks.Count;

    public void Add(long stopwatchTicks) => _ticks.Add(stopwatchTicks);

    /// <summary>Returns all latencies in ascending order, in milliseconds.</summary>
    public static double[] Merge(IEnumerable<Latencies> all)
    {
        var merged = all.SelectMany(l => l._ticks).Select(t => t * 1000.0 / Stopwatch.Frequency).ToArray();
        Array.Sort(merged);
        return merged;
    }

    /// <summary>Returns the percentile of sorted values (nearest rank).</summary>
    public static double Percentile(double[] sorted, double share) =>
        sorted.Length == 0
            ? double.NaN
            : sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
}

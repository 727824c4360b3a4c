using System.Diagnostics;

namespace OrleansDtm.Benchmarks.Load;

/// <summary>The durations one client saw; each client has its own, so that recording costs no lock.</summary>
internal sealed class Latencies
{
    private readonly List<long> _ticks = new(16 * 1024);

    public int Count => _ticks.Count;

    public void Add(long stopwatchTicks) => _ticks.Add(stopwatchTicks);

    /// <summary>All of them in order, in milliseconds.</summary>
    public static double[] Merge(IEnumerable<Latencies> all)
    {
        var merged = all.SelectMany(l => l._ticks).Select(t => t * 1000.0 / Stopwatch.Frequency).ToArray();
        Array.Sort(merged);
        return merged;
    }

    /// <summary>The value that the given share of the sorted values does not exceed (nearest rank).</summary>
    public static double Percentile(double[] sorted, double share) =>
        sorted.Length == 0
            ? double.NaN
            : sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
}

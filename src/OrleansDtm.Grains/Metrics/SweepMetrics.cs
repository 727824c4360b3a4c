using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace OrleansDtm.Grains.Metrics;

/// <summary>How far behind the search for due work is, by shard. Only shards that are swept by this silo.</summary>
internal sealed class SweepMetrics
{
    private readonly ConcurrentDictionary<long, Sweep> _sweeps = new();
    private readonly Counter<long> _woken;
    private readonly Counter<long> _failures;

    public SweepMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(DtmMeter.Name);
        meter.CreateObservableGauge(
            "dtm_sweep_lag_seconds",
            () => _sweeps.Select(static sweep => new Measurement<double>(sweep.Value.Lag.TotalSeconds, TagOf(sweep.Key))),
            description: "How long the transaction that waited longest had been due when the last sweep found it; 0 = none was due.");
        meter.CreateObservableGauge(
            "dtm_sweep_last_time_seconds",
            () => _sweeps.Select(static sweep => new Measurement<double>(sweep.Value.At.ToUnixTimeMilliseconds() / 1000.0, TagOf(sweep.Key))),
            description: "When the last sweep that could read the store ended, in seconds since 1970.");
        _woken = meter.CreateCounter<long>("dtm_sweep_woken_total", description: "Due transactions that sweeps found and woke.");
        _failures = meter.CreateCounter<long>("dtm_sweep_failures_total", description: "Sweeps that could not read the store.");
    }

    /// <param name="shard">Its number.</param>
    /// <param name="lag">Of the transaction that waited longest; zero = none was due.</param>
    /// <param name="woken">How many were due.</param>
    /// <param name="at">Now.</param>
    public void Swept(long shard, TimeSpan lag, int woken, DateTimeOffset at)
    {
        if (!_sweeps.ContainsKey(shard))
        {
            _failures.Add(0, TagOf(shard)); // A series that appears with its first failure cannot be seen to rise.
        }

        _sweeps[shard] = new Sweep(lag, at);
        _woken.Add(woken, TagOf(shard));
    }

    public void Failed(long shard) => _failures.Add(1, TagOf(shard));

    /// <summary>Another silo sweeps it now, or nobody.</summary>
    public void Left(long shard) => _sweeps.TryRemove(shard, out _);

    private static KeyValuePair<string, object?> TagOf(long shard) => new("shard", shard.ToString(CultureInfo.InvariantCulture));

    private readonly record struct Sweep(TimeSpan Lag, DateTimeOffset At);
}

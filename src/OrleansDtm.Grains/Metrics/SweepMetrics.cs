using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace OrleansDtm.Grains.Metrics;

/// <summary>Measures the lag of recovery sweeps by shard, for the shards that this silo sweeps.</summary>
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
            () =>
                _sweeps.Select(static sweep => new Measurement<double>(sweep.Value.Lag.TotalSeconds, TagOf(sweep.Key))),
            description: "Seconds by which the oldest due transaction was overdue in the "
                + "last sweep; 0 = none was due.");
        meter.CreateObservableGauge(
            "dtm_sweep_last_time_seconds",
            () => _sweeps.Select(static sweep => new Measurement<double>(
                sweep.Value.At.ToUnixTimeMilliseconds() / 1000.0, TagOf(sweep.Key))),
            description: "Unix time in seconds at which the last successful sweep ended.");
        _woken = meter.CreateCounter<long>("dtm_sweep_woken_total", description: "Due transactions woken by sweeps.");
        _failures = meter.CreateCounter<long>(
            "dtm_sweep_failures_total", description: "Sweeps that failed because the store could not be read.");
    }

    /// <summary>The longest lag of the last sweeps; null = this silo sweeps no shard.</summary>
    public TimeSpan? Lag => _sweeps.Values.Select(static sweep => (TimeSpan?)sweep.Lag).Max();

    /// <summary>Records a successful sweep.</summary>
    /// <param name="shard">The shard's number.</param>
    /// <param name="lag">The time by which the oldest due transaction was overdue; zero = none was due.</param>
    /// <param name="woken">The number of due transactions.</param>
    /// <param name="at">The current time (UTC).</param>
    public void Swept(long shard, TimeSpan lag, int woken, DateTimeOffset at)
    {
        if (!_sweeps.ContainsKey(shard))
        {
            _failures.Add(0, TagOf(shard)); // The series must exist before the first failure, or a rate cannot show it.
        }

        _sweeps[shard] = new Sweep(lag, at);
        _woken.Add(woken, TagOf(shard));
    }

    public void Failed(long shard) => _failures.Add(1, TagOf(shard));

    /// <summary>Removes the shard's series: this silo no longer sweeps it.</summary>
    public void Left(long shard) => _sweeps.TryRemove(shard, out _);

    private static KeyValuePair<string, object?> TagOf(long shard) =>
        new("shard", shard.ToString(CultureInfo.InvariantCulture));

    private readonly record struct Sweep(TimeSpan Lag, DateTimeOffset At);
}

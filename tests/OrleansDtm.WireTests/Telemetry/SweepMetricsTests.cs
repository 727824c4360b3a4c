using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Grains;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Grains.Recovery;
using OrleansDtm.Tests.Support.Grains;
using Xunit;

namespace OrleansDtm.WireTests.Telemetry;

/// <summary>The delay of the sweep for due work.</summary>
public sealed class SweepMetricsTests
{
    private readonly Dictionary<string, double> _measured = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_lag_is_that_of_the_transaction_that_waited_longest()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        var metrics = new SweepMetrics(meters);
        using var listener = Listen(meters);
        var store = new WatchedStore();
        var due = TimeProvider.System.GetUtcNow();
        await store.Interrupted("g1", due.AddMinutes(-1), TimeSpan.FromSeconds(3));
        await store.Interrupted("g2", due.AddMinutes(-1), TimeSpan.FromSeconds(3));
        var lease = (await store.FindDue(DateTimeOffset.MaxValue, null, 10, Cancel))[0].Due;
        var clock = new FakeTimeProvider(lease.AddSeconds(7));
        var sweep = new RecoverySweep(
            store, 2, owner: 1, static () => [], static (_, _) => Task.FromResult(true), clock, new DtmGrainOptions(),
            NullLogger.Instance, metrics);

        await sweep.Run(Cancel);
        listener.RecordObservableInstruments();
        Assert.Equal((7, 2), (_measured["dtm_sweep_lag_seconds"], _measured["dtm_sweep_woken_total"]));
        Assert.Equal(clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0, _measured["dtm_sweep_last_time_seconds"]);
        Assert.Equal(0, _measured["dtm_sweep_failures_total"]);

        store.Away = true;
        await sweep.Run(Cancel);
        Assert.Equal(1, _measured["dtm_sweep_failures_total"]);

        metrics.Left(2);
        _measured.Clear();
        listener.RecordObservableInstruments();
        // Another silo sweeps the shard now. An old value would look like a sweep that has stopped.
        Assert.Empty(_measured);
    }

    private MeterListener Listen(IMeterFactory meters)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (ReferenceEquals(instrument.Meter.Scope, meters))
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
            _measured[instrument.Name] = _measured.GetValueOrDefault(instrument.Name) + value);
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => _measured[instrument.Name] = value);
        listener.Start();
        return listener;
    }
}

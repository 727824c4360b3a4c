using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Server.Metrics;
using OrleansDtm.Tests.Support.Grains;
using Xunit;

namespace OrleansDtm.WireTests.Telemetry;

public sealed class UnfinishedAgeGaugesTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Unfinished_transactions_are_counted_by_age_twice_a_minute_at_most()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var store = new WatchedStore();
        using var gauges = new UnfinishedAgeGauges(store, clock, meters);
        var seen = new Dictionary<string, double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, meters))
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((_, value, tags, _) => seen[(string)tags[0].Value!] = value);
        listener.Start();

        Assert.All(Seen().Values, static value => Assert.True(double.IsNaN(value))); // There is no count yet.
        await store.Interrupted("young", clock.GetUtcNow().AddSeconds(-5), TimeSpan.FromSeconds(3));
        await store.Interrupted("hour", clock.GetUtcNow().AddMinutes(-61), TimeSpan.FromSeconds(3));
        await gauges.Refresh(Cancel);
        Assert.Equal((1, 1, 1, 0), (Seen()["60"], Seen()["600"], Seen()["3600"], Seen()["86400"]));

        await store.Interrupted("old", clock.GetUtcNow().AddDays(-2), TimeSpan.FromSeconds(3));
        await gauges.Refresh(Cancel);
        Assert.Equal(0, Seen()["86400"]);
        clock.Advance(TimeSpan.FromSeconds(30));
        await gauges.Refresh(Cancel);
        Assert.Equal((2, 1), (Seen()["60"], Seen()["86400"]));

        Dictionary<string, double> Seen()
        {
            seen.Clear();
            listener.RecordObservableInstruments();
            return seen;
        }
    }
}

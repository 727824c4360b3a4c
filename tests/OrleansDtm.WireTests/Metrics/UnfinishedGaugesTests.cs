using System.Diagnostics.Metrics;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Core;
using OrleansDtm.Server.Metrics;
using OrleansDtm.Storage;
using Xunit;

namespace OrleansDtm.WireTests.Metrics;

/// <summary>
/// The gauges of unfinished transactions: they are counted rarely, and an outdated count is not shown.
/// </summary>
public sealed class UnfinishedGaugesTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly ITransactionStore _store = DispatchProxy.Create<ITransactionStore, CountedStore>();
    private readonly UnfinishedGauges _gauges;

    public UnfinishedGaugesTests() =>
        _gauges = new UnfinishedGauges(_store, _clock, _services.GetRequiredService<IMeterFactory>());

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private CountedStore Counted => (CountedStore)_store;

    public void Dispose()
    {
        _gauges.Dispose();
        _services.Dispose();
    }

    [Fact]
    public async Task They_are_counted_at_most_every_five_seconds_and_overdue_is_ten_seconds_late()
    {
        Counted.Count = static _ => [new UnfinishedCount(TransactionType.Tcc, TransactionStatus.Aborting, 7, 2)];

        await _gauges.Refresh(Cancel);
        await _gauges.Refresh(Cancel);
        Assert.Equal([_clock.GetUtcNow().AddSeconds(-10)], Counted.Asked);
        _clock.Advance(TimeSpan.FromSeconds(5));
        await _gauges.Refresh(Cancel);

        Assert.Equal(2, Counted.Asked.Count);
        var seen = Seen();
        Assert.Equal(
            (7, 2), (seen["dtm_transactions_unfinished tcc aborting"], seen["dtm_transactions_overdue tcc aborting"]));
        Assert.Equal(0, seen["dtm_transactions_unfinished saga prepared"]);
        Assert.Equal(30, seen.Count);
    }

    [Fact]
    public async Task While_the_store_is_away_there_is_no_number()
    {
        Counted.Count = static _ => [];
        await _gauges.Refresh(Cancel);
        _clock.Advance(TimeSpan.FromSeconds(6));
        Counted.Count = static _ => throw new StoreUnavailableException("away");

        await _gauges.Refresh(Cancel);

        Assert.All(Seen().Values, static v => Assert.True(double.IsNaN(v)));
    }

    [Fact]
    public async Task A_count_that_takes_longer_than_a_scrape_goes_on_alone_and_is_shown_by_the_next_one()
    {
        var slow = new TaskCompletionSource<IReadOnlyList<UnfinishedCount>>(
            TaskCreationOptions.RunContinuationsAsynchronously);
        Counted.Slow = slow.Task;
        await Impatiently();
        Assert.True(double.IsNaN(Seen()[Submitted])); // There is no count yet.
        _clock.Advance(TimeSpan.FromSeconds(17));
        await Impatiently();
        Assert.Single(Counted.Asked);

        slow.SetResult([new UnfinishedCount(TransactionType.Msg, TransactionStatus.Submitted, 5_000_000, 0)]);
        await _gauges.Refresh(Cancel);
        Assert.Equal(5_000_000, Seen()[Submitted]);

        // The count took 23 s. The next one starts after five times that, and the old value is shown for one more
        // minute.
        _clock.Advance(TimeSpan.FromSeconds(114));
        await _gauges.Refresh(Cancel);
        Assert.Equal((1, 5_000_000), (Counted.Asked.Count, Seen()[Submitted]));
        _clock.Advance(TimeSpan.FromSeconds(2));
        Counted.Slow = new TaskCompletionSource<IReadOnlyList<UnfinishedCount>>().Task;
        await Impatiently();
        Assert.Equal((2, 5_000_000), (Counted.Asked.Count, Seen()[Submitted]));
        _clock.Advance(TimeSpan.FromSeconds(60));
        Assert.True(double.IsNaN(Seen()[Submitted]));
    }

    private const string Submitted = "dtm_transactions_unfinished msg submitted";

    /// <summary>A scrape that times out before the count ends.</summary>
    private async Task Impatiently()
    {
        var scrape = _gauges.Refresh(Cancel);
        Assert.False(scrape.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(3));
        await scrape;
    }

    private Dictionary<string, double> Seen()
    {
        Dictionary<string, double> seen = [];
        // Looked up before: other tests of the process publish instruments also after this one has ended.
        var own = _services.GetRequiredService<IMeterFactory>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, own))
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
            seen[$"{instrument.Name} {string.Join(' ', tags.ToArray().Select(static t => t.Value))}"] = value);
        listener.Start();
        listener.RecordObservableInstruments();
        return seen;
    }
}

/// <summary>A store that can only count.</summary>
public class CountedStore : DispatchProxy
{
    public List<DateTimeOffset> Asked { get; } = [];

    public Func<DateTimeOffset, IReadOnlyList<UnfinishedCount>> Count { get; set; } = static _ => [];

    /// <summary>The pending result; null = it is returned at once.</summary>
    public Task<IReadOnlyList<UnfinishedCount>>? Slow { get; set; }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        Assert.Equal(nameof(ITransactionStore.CountUnfinished), targetMethod?.Name);
        Asked.Add((DateTimeOffset)args![0]!);
        return Slow ?? Task.FromResult(Count(Asked[^1]));
    }
}

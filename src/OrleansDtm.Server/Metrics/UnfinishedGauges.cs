using System.Diagnostics.Metrics;
using OrleansDtm.Core;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Metrics;

/// <summary>
/// How many transactions are unfinished, and how many of them should have been looked at: what DTM has no gauge for. When millions wait a
/// count takes longer than a scraper does, and that is when the number matters most: one count goes on at a time, and until it has
/// ended the last one is shown.
/// </summary>
internal sealed class UnfinishedGauges : IDisposable
{
    private static readonly TimeSpan CountAge = TimeSpan.FromSeconds(5);

    /// <summary>How long a scrape waits for a count.</summary>
    private static readonly TimeSpan CountLimit = TimeSpan.FromSeconds(3);

    /// <summary>A count that took a second is not repeated for so many.</summary>
    private const int PauseShare = 5;

    /// <summary>A number that is older, when a new one could have been had since, would hide that counting fails.</summary>
    private static readonly TimeSpan ShownFor = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Overdue = TimeSpan.FromSeconds(10);

    /// <summary>Every series, always: one that comes and goes cannot be alerted on.</summary>
    private static readonly (TransactionType Type, TransactionStatus Status)[] Series =
    [
        .. from type in Enum.GetValues<TransactionType>()
           where type != TransactionType.None
           from status in (TransactionStatus[])[TransactionStatus.Prepared, TransactionStatus.Submitted, TransactionStatus.Aborting]
           select (type, status),
    ];

    private readonly ITransactionStore _store;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _disposed = new();
    private readonly Lock _gate = new();
    private Task _counting = Task.CompletedTask;
    private DateTimeOffset _againAt = DateTimeOffset.MinValue;
    private volatile Counted? _last;

    public UnfinishedGauges(ITransactionStore store, TimeProvider clock, IMeterFactory meters)
    {
        _store = store;
        _clock = clock;
        var meter = meters.Create(DtmMeter.Name);
        meter.CreateObservableGauge(
            "dtm_transactions_unfinished", () => Measure(static c => c.Count), description: "Transactions that have not ended, by status.");
        meter.CreateObservableGauge(
            "dtm_transactions_overdue",
            () => Measure(static c => c.Overdue),
            description: "Unfinished transactions that should have been looked at more than 10 seconds ago.");
    }

    public void Dispose()
    {
        _disposed.Cancel();
        _disposed.Dispose();
    }

    /// <summary>Counts again if the last count is old. Scrapers need not be many for a count each to be felt by the store.</summary>
    public async Task Refresh(CancellationToken cancellationToken)
    {
        try
        {
            await Counting().WaitAsync(CountLimit, _clock, cancellationToken);
        }
        catch (TimeoutException)
        {
            // It goes on, and whoever asks next sees what it came to.
        }
    }

    /// <summary>The count that is under way, or was the last one.</summary>
    private Task Counting()
    {
        lock (_gate)
        {
            var now = _clock.GetUtcNow();
            if (!_counting.IsCompleted || now < _againAt)
            {
                return _counting;
            }

            _againAt = now + CountAge;
            return _counting = Count(now);
        }
    }

    private async Task Count(DateTimeOffset now)
    {
        try
        {
            var counts = await _store.CountUnfinished(now - Overdue, _disposed.Token);
            var ended = _clock.GetUtcNow();
            var pause = PauseShare * (ended - now);
            _last = new Counted(counts, ended + pause + ShownFor);
            lock (_gate)
            {
                _againAt = now + CountAge > ended + pause ? now + CountAge : ended + pause;
            }
        }
        catch (StoreUnavailableException)
        {
            _last = null; // A number from before the outage would look like good news.
        }
        catch (OperationCanceledException) when (_disposed.IsCancellationRequested)
        {
            // Nobody will look any more.
        }
    }

    private List<Measurement<double>> Measure(Func<UnfinishedCount, long> number)
    {
        var last = _last;
        var counts = last is not null && _clock.GetUtcNow() <= last.Until ? last.Counts : null;
        return
        [
            .. Series.Select(series => new Measurement<double>(
                counts is null ? double.NaN : counts.Where(c => c.Type == series.Type && c.Status == series.Status).Sum(number),
                new KeyValuePair<string, object?>("type", Names.Of(series.Type)),
                new KeyValuePair<string, object?>("status", Names.Of(series.Status)))),
        ];
    }

    /// <param name="Counts">By type and status; none of what there is none of.</param>
    /// <param name="Until">When they are too old to be shown.</param>
    private sealed record Counted(IReadOnlyList<UnfinishedCount> Counts, DateTimeOffset Until);
}

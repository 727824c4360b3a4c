using System.Diagnostics.Metrics;
using OrleansDtm.Core;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Metrics;

/// <summary>
/// Unfinished and overdue transactions; DTM has no such gauge. With millions of them a count takes longer than a
/// scrape. So only one count runs at a time, and the last result is shown until it has finished.
/// </summary>
internal sealed class UnfinishedGauges : IDisposable
{
    private static readonly TimeSpan CountAge = TimeSpan.FromSeconds(5);

    /// <summary>How long a scrape waits for a count.</summary>
    private static readonly TimeSpan CountLimit = TimeSpan.FromSeconds(3);

    /// <summary>Interval after a count, as a multiple of its duration.</summary>
    private const int PauseShare = 5;

    /// <summary>Maximum age of a result. An older one would hide that counting fails.</summary>
    private static readonly TimeSpan ShownFor = TimeSpan.FromMinutes(1);

    /// <summary>All series always exist: an alert needs that.</summary>
    private static readonly (TransactionType Type, TransactionStatus Status)[] Series =
    [
        .. from type in Enum.GetValues<TransactionType>()
           where type != TransactionType.None
           from status in (TransactionStatus[])[
               TransactionStatus.Prepared,
               TransactionStatus.Submitted,
               TransactionStatus.Aborting,
           ]
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
            "dtm_transactions_unfinished",
            () => Measure(static c => c.Count),
            description: "Unfinished transactions by status.");
        meter.CreateObservableGauge(
            "dtm_transactions_overdue",
            () => Measure(static c => c.Overdue),
            description: "Unfinished transactions that are overdue by more than 10 seconds.");
    }

    public void Dispose()
    {
        _disposed.Cancel();
        _disposed.Dispose();
    }

    /// <summary>Counts again if the last count is old. Otherwise a few scrapers would already load the store.</summary>
    public async Task Refresh(CancellationToken cancellationToken)
    {
        try
        {
            await Counting().WaitAsync(CountLimit, _clock, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The count continues; the next scrape gets its result.
        }
    }

    /// <summary>The running count, or the last one.</summary>
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
            var counts = await _store.CountUnfinished(now - Waiting.OverdueAfter, _disposed.Token);
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
            _last = null; // A value from before the outage would hide it.
        }
        catch (OperationCanceledException) when (_disposed.IsCancellationRequested)
        {
            // No more scrapes.
        }
    }

    private List<Measurement<double>> Measure(Func<UnfinishedCount, long> number)
    {
        var last = _last;
        var counts = last is not null && _clock.GetUtcNow() <= last.Until ? last.Counts : null;
        return
        [
            .. Series.Select(series => new Measurement<double>(
                counts is null
                    ? double.NaN
                    : counts.Where(c => c.Type == series.Type && c.Status == series.Status).Sum(number),
                new KeyValuePair<string, object?>("type", Names.Of(series.Type)),
                new KeyValuePair<string, object?>("status", Names.Of(series.Status)))),
        ];
    }

    /// <param name="Counts">By type and status; without zeros.</param>
    /// <param name="Until">When they are too old to show.</param>
    private sealed record Counted(IReadOnlyList<UnfinishedCount> Counts, DateTimeOffset Until);
}

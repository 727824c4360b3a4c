using System.Diagnostics.Metrics;
using OrleansDtm.Core;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Metrics;

/// <summary>How many transactions are unfinished, and how many of them should have been looked at: what DTM has no gauge for.</summary>
internal sealed class UnfinishedGauges : IDisposable
{
    private static readonly TimeSpan CountAge = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CountLimit = TimeSpan.FromSeconds(3);
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
    private readonly SemaphoreSlim _counting = new(1);
    private DateTimeOffset _countedAt = DateTimeOffset.MinValue;
    private volatile IReadOnlyList<UnfinishedCount>? _counts;

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

    public void Dispose() => _counting.Dispose();

    /// <summary>Counts again if the last count is old. Scrapers need not be many for a count each to be felt by the store.</summary>
    public async Task Refresh(CancellationToken cancellationToken)
    {
        await _counting.WaitAsync(cancellationToken);
        try
        {
            var now = _clock.GetUtcNow();
            if (now - _countedAt < CountAge)
            {
                return;
            }

            _countedAt = now;
            _counts = await _store.CountUnfinished(now - Overdue, cancellationToken).WaitAsync(CountLimit, _clock, cancellationToken);
        }
        catch (Exception e) when (e is StoreUnavailableException or TimeoutException)
        {
            _counts = null; // A number from before the outage would look like good news.
        }
        finally
        {
            _counting.Release();
        }
    }

    private List<Measurement<double>> Measure(Func<UnfinishedCount, long> number)
    {
        var counts = _counts;
        return
        [
            .. Series.Select(series => new Measurement<double>(
                counts is null ? double.NaN : counts.Where(c => c.Type == series.Type && c.Status == series.Status).Sum(number),
                new KeyValuePair<string, object?>("type", Names.Of(series.Type)),
                new KeyValuePair<string, object?>("status", Names.Of(series.Status)))),
        ];
    }
}

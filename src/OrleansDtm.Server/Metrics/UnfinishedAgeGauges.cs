using System.Diagnostics.Metrics;
using System.Globalization;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Metrics;

/// <summary>
/// Unfinished transactions older than a minute, ten minutes, an hour, a day. Unlike counts by status this reads a row
/// of each, so it runs less often, and much less often if counting times out.
/// </summary>
internal sealed class UnfinishedAgeGauges : IDisposable
{
    private static readonly TimeSpan CountAge = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan CountAgeOfTooMany = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan CountLimit = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan[] Ages =
        [TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(10), TimeSpan.FromHours(1), TimeSpan.FromDays(1)];

    private readonly ITransactionStore _store;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _counting = new(1);
    private DateTimeOffset _againAt = DateTimeOffset.MinValue;
    private volatile IReadOnlyList<long>? _counts;

    public UnfinishedAgeGauges(ITransactionStore store, TimeProvider clock, IMeterFactory meters)
    {
        _store = store;
        _clock = clock;
        meters.Create(DtmMeter.Name).CreateObservableGauge(
            "dtm_transactions_unfinished_older",
            Measure,
            description: "Unfinished transactions older than the label's seconds.");
    }

    public void Dispose() => _counting.Dispose();

    /// <summary>Counts again if the last count is old.</summary>
    public async Task Refresh(CancellationToken cancellationToken)
    {
        await _counting.WaitAsync(cancellationToken);
        try
        {
            var now = _clock.GetUtcNow();
            if (now < _againAt)
            {
                return;
            }

            _againAt = now + CountAge;
            using var limit = new CancellationTokenSource(CountLimit, _clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            _counts = await _store.CountUnfinishedCreatedBefore([.. Ages.Select(age => now - age)], either.Token)
                .WaitAsync(either.Token);
        }
        catch (StoreUnavailableException)
        {
            _counts = null; // No value is better than a stale one.
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _counts = null;
            _againAt = _clock.GetUtcNow() + CountAgeOfTooMany;
        }
        finally
        {
            _counting.Release();
        }
    }

    private IEnumerable<Measurement<double>> Measure()
    {
        var counts = _counts;
        return Ages.Select((age, i) => new Measurement<double>(
            counts is null ? double.NaN : counts[i],
            new KeyValuePair<string, object?>(
                "seconds", ((long)age.TotalSeconds).ToString(CultureInfo.InvariantCulture))));
    }
}

using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Admin;

/// <summary>
/// Why the unfinished transactions have not ended: each counted once, by the same rule as the sentence on its page, and
/// the services that they wait for. Read at most every few seconds for all viewers of a namespace together.
/// </summary>
internal sealed class WaitingSummary(
    TransactionService transactions, ITransactionStore store, TimeProvider clock) : IDisposable
{
    /// <summary>At most so many are read, the newest first.</summary>
    public const int ReadMax = 10_000;

    public const int ServicesMax = 50;

    private const int PageRows = 500;

    private static readonly TimeSpan Keep = TimeSpan.FromSeconds(2);

    /// <summary>At most this share of the time is spent on reading.</summary>
    private const int KeepTimesTook = 20;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private const int NamespacesMax = 100;

    private readonly SemaphoreSlim _reading = new(1);
    private readonly Dictionary<string, (WaitingCountsView View, DateTimeOffset Until)> _last = [];

    public void Dispose() => _reading.Dispose();

    /// <summary>Does not throw on a store failure: the overview must work during an outage.</summary>
    public async Task<WaitingCountsView> Read(string space, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            var now = clock.GetUtcNow();
            if (_last.TryGetValue(space, out var last) && now < last.Until)
            {
                return last.View;
            }

            var view = await Count(space, cancellationToken);
            if (_last.Count >= NamespacesMax)
            {
                _last.Clear();
            }

            var end = clock.GetUtcNow();
            _last[space] = (view, end + Keep + (KeepTimesTook * (end - now)));
            return view;
        }
        finally
        {
            _reading.Release();
        }
    }

    private async Task<WaitingCountsView> Count(string space, CancellationToken cancellationToken)
    {
        var counts = new Counts();
        using var limit = new CancellationTokenSource(Limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var filter = new TransactionFilter { Namespace = space, IsUnfinished = true, Limit = PageRows };
            IReadOnlyList<long>? next = [.. store.Shards.Select(static _ => 0L)];
            while (next is not null && counts.Read < ReadMax)
            {
                var page = await TransactionListing.Read(store.Shards, filter, next, either.Token);
                foreach (var row in page.Rows)
                {
                    counts.Add(transactions.WaitingOf(row));
                }

                next = page.Next;
            }

            return counts.View(isAll: next is null, null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return counts.View(isAll: false, counts.Read == 0 ? "the store takes too long to read them" : null);
        }
        catch (StoreUnavailableException e)
        {
            return counts.View(isAll: false, e.Message);
        }
    }

    private sealed class Counts
    {
        private readonly Dictionary<string, int> _reasons = new(StringComparer.Ordinal);
        private readonly Dictionary<string, WaitingServiceView> _services = new(StringComparer.Ordinal);

        public int Read { get; private set; }

        public void Add(WaitingView? waits)
        {
            Read++;
            if (waits is null)
            {
                return;
            }

            _reasons[waits.Reason] = _reasons.GetValueOrDefault(waits.Reason) + 1;
            if (waits is not { Service: { } name, Reason: "parked" or "retry" or "ongoing" })
            {
                return;
            }

            if (!_services.TryGetValue(name, out var service))
            {
                _services[name] = service = new WaitingServiceView { Service = name };
            }

            service.Waiting++;
            service.Parked += waits.Reason == "parked" ? 1 : 0;
            service.Attempts = Math.Max(service.Attempts, waits.Attempts);
            if (waits.Since is { } since && (service.Since is null || since < service.Since))
            {
                service.Since = since;
            }
        }

        public WaitingCountsView View(bool isAll, string? problem) => new()
        {
            Read = Read,
            IsAll = isAll,
            Problem = problem,
            Reasons = _reasons,
            Services = [.. _services.Values.OrderByDescending(static s => s.Waiting).Take(ServicesMax)],
        };
    }
}

/// <summary>The unfinished transactions by the reason why they have not ended.</summary>
internal sealed class WaitingCountsView
{
    /// <summary>The number of transactions that were read, and counted.</summary>
    public required int Read { get; init; }

    /// <summary>False = there are more, older ones.</summary>
    public required bool IsAll { get; init; }

    /// <summary>By the reason of <c>waiting</c>: silo, parked, retry, ongoing, ...; without those that are 0.</summary>
    public required IReadOnlyDictionary<string, int> Reasons { get; init; }

    /// <summary>The services whose calls did not succeed, most transactions first.</summary>
    public required IReadOnlyList<WaitingServiceView> Services { get; init; }

    /// <summary>Why the counts are unknown; null when they are known.</summary>
    public string? Problem { get; init; }
}

/// <summary>The unfinished transactions with a call to a service that did not succeed.</summary>
internal sealed class WaitingServiceView
{
    public required string Service { get; init; }

    public int Waiting { get; set; }

    /// <summary>Those of them that are put aside.</summary>
    public int Parked { get; set; }

    /// <summary>The most attempts of one call.</summary>
    public int Attempts { get; set; }

    /// <summary>When the longest-standing of these calls began to fail; null = unknown.</summary>
    public DateTime? Since { get; set; }
}

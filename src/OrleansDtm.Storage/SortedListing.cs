namespace OrleansDtm.Storage;

/// <summary>The order of a sorted listing.</summary>
public enum ListingOrder
{
    None = 0,

    /// <summary>The oldest first.</summary>
    Age = 1,

    /// <summary>The most attempts first; see <see cref="Core.Waiting.AttemptsOf"/>.</summary>
    Attempts = 2,
}

/// <summary>
/// Unfinished transactions by age or attempts. No index has this order together with the filters, so the oldest ones
/// are read and sorted.
/// </summary>
public static class SortedListing
{
    /// <summary>At most so many unfinished transactions are compared, the oldest ones of each shard.</summary>
    public const int ComparedMax = 10_000;

    /// <summary>A page ends after so many rows were read for a condition that no index answers.</summary>
    private const int ScannedMax = 1000;

    /// <param name="shards">See <see cref="ITransactionStore.Shards"/>.</param>
    /// <param name="filter">Its BeforeId is ignored.</param>
    /// <param name="order">The order.</param>
    /// <param name="after">The last row of the previous page; null = from the start.</param>
    /// <param name="matches">A condition that no index answers; payloads are left out.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <exception cref="StoreUnavailableException">A shard is unavailable; the message names it.</exception>
    public static async Task<SortedPage> Read(
        IReadOnlyList<ITransactionStore> shards,
        TransactionFilter filter,
        ListingOrder order,
        SortedPosition? after,
        Func<StoredTransaction, bool> matches,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(shards);
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(matches);
        var found = await Task.WhenAll(Enumerable.Range(0, shards.Count).Select(number => shards.Ask(
            number,
            s => s.FindOldest(
                filter with { Limit = ComparedMax }, order == ListingOrder.Attempts, cancellationToken))))
            .ConfigureAwait(false);
        var ranked = found
            .SelectMany((rows, shard) => rows.Select(row => (Row: row, At: SortedPosition.Of(row, shard, order))))
            .OrderBy(static r => r.At)
            .ToList();
        var start = after is { } last ? ranked.FindIndex(r => r.At.CompareTo(last) > 0) : 0;
        start = start < 0 ? ranked.Count : start;
        var (taken, read) = (new List<StoredTransaction>(), 0);
        while (taken.Count < filter.Limit && start + read < ranked.Count && read < ScannedMax)
        {
            var next = ranked.Slice(start + read, Math.Min(filter.Limit, ranked.Count - start - read));
            foreach (var row in await Load(next).ConfigureAwait(false))
            {
                read++;
                if (row is { Transaction.IsFinal: false } && matches(row))
                {
                    taken.Add(row);
                    if (taken.Count == filter.Limit)
                    {
                        break;
                    }
                }
            }
        }

        return new SortedPage(
            taken,
            start + read < ranked.Count && read > 0 ? ranked[start + read - 1].At : null,
            ranked.Count,
            found.Any(static rows => rows.Count >= ComparedMax));

        // In their order; null = deleted meanwhile.
        async Task<IEnumerable<StoredTransaction?>> Load(List<(RankedRow Row, SortedPosition At)> rows)
        {
            var loaded = await Task.WhenAll(rows.GroupBy(static r => r.At.Shard).Select(async of =>
            {
                var page = await shards.Ask(
                    of.Key, s => s.LoadListed([.. of.Select(static r => r.Row)], cancellationToken))
                    .ConfigureAwait(false);
                return page.Select(row => (of.Key, Row: row));
            })).ConfigureAwait(false);
            var byId = loaded.SelectMany(static rows => rows).ToDictionary(
                static r => (r.Key, r.Row.Id), static r => r.Row);
            return rows.Select(r => byId.GetValueOrDefault((r.At.Shard, r.Row.Id)));
        }
    }
}

/// <summary>A page of a sorted listing.</summary>
/// <param name="Rows">In the order asked for.</param>
/// <param name="Next">The last row that was read; null = there are no more.</param>
/// <param name="Compared">The number of unfinished transactions that were compared.</param>
/// <param name="IsCut">True = there may be more unfinished ones, younger than those that were compared.</param>
public sealed record SortedPage(
    IReadOnlyList<StoredTransaction> Rows, SortedPosition? Next, int Compared, bool IsCut);

/// <summary>The place of a row in a sorted listing.</summary>
/// <param name="Key">What is sorted by; smaller ones are first.</param>
/// <param name="Shard">The shard of the row.</param>
/// <param name="Id">The id of the row.</param>
public readonly record struct SortedPosition(long Key, int Shard, long Id) : IComparable<SortedPosition>
{
    /// <summary>The place of a row.</summary>
    public static SortedPosition Of(RankedRow row, int shard, ListingOrder order)
    {
        ArgumentNullException.ThrowIfNull(row);
        return new(
            order == ListingOrder.Attempts ? -row.Attempts : row.Created.ToUnixTimeMilliseconds(), shard, row.Id);
    }

    /// <inheritdoc/>
    public int CompareTo(SortedPosition other) => (Key, Shard, Id).CompareTo((other.Key, other.Shard, other.Id));

    public static bool operator <(SortedPosition left, SortedPosition right) => left.CompareTo(right) < 0;

    public static bool operator >(SortedPosition left, SortedPosition right) => left.CompareTo(right) > 0;

    public static bool operator <=(SortedPosition left, SortedPosition right) => left.CompareTo(right) <= 0;

    public static bool operator >=(SortedPosition left, SortedPosition right) => left.CompareTo(right) >= 0;
}

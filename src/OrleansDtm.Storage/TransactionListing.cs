namespace OrleansDtm.Storage;

/// <summary>
/// Pages over all shards of a store, the newest first. The position is one id for each shard: only smaller ids follow,
/// so no transaction appears twice or is left out if others are inserted during the listing.
/// </summary>
public static class TransactionListing
{
    /// <summary>No id is smaller: the shard has been read to its end.</summary>
    private const long AtEnd = 1;

    /// <param name="shards">See <see cref="ITransactionStore.Shards"/>.</param>
    /// <param name="filter">Its BeforeId is ignored.</param>
    /// <param name="before">One for each shard: only ids below it; 0 = from the newest.</param>
    /// <exception cref="StoreUnavailableException">A shard is unavailable; the message names it.</exception>
    public static async Task<ListingPage> Read(
        IReadOnlyList<ITransactionStore> shards,
        TransactionFilter filter,
        IReadOnlyList<long> before,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(shards);
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(before);
        ArgumentOutOfRangeException.ThrowIfNotEqual(before.Count, shards.Count);
        var home = filter.Gid is { } gid ? ShardHash.ShardOf(gid, shards.Count) : -1;
        var pages = await Task.WhenAll(Enumerable.Range(0, shards.Count).Select(ReadShard)).ConfigureAwait(false);
        var taken = new int[shards.Count];
        var rows = Merge(pages, taken, filter.Limit);
        if (rows.Count < filter.Limit)
        {
            return new ListingPage(rows, null);
        }

        return new ListingPage(rows, [.. Enumerable.Range(0, shards.Count).Select(Next)]);

        Task<IReadOnlyList<StoredTransaction>> ReadShard(int number) =>
            before[number] == AtEnd || (home >= 0 && home != number)
                ? Task.FromResult<IReadOnlyList<StoredTransaction>>([])
                : shards.Ask(number, s => s.List(filter with { BeforeId = before[number] }, cancellationToken));

        // A shard of which no row was taken continues at its first row: rows inserted from now on are not part of this
        // listing.
        long Next(int number) => pages[number] switch
        {
            [] => AtEnd,
            var page when taken[number] == 0 => page[0].Id + 1,
            var page => page[taken[number] - 1].Id,
        };
    }

    /// <summary>
    /// By creation time, the newest first; rows of one shard stay in the order of their ids, by which it pages.
    /// </summary>
    private static List<StoredTransaction> Merge(IReadOnlyList<StoredTransaction>[] pages, int[] taken, int limit)
    {
        var rows = new List<StoredTransaction>();
        while (rows.Count < limit)
        {
            var newest = -1;
            for (var number = 0; number < pages.Length; number++)
            {
                if (taken[number] < pages[number].Count && (newest < 0 || Created(number) > Created(newest)))
                {
                    newest = number;
                }
            }

            if (newest < 0)
            {
                break;
            }

            rows.Add(pages[newest][taken[newest]++]);
        }

        return rows;

        DateTimeOffset Created(int number) => pages[number][taken[number]].Transaction.Definition.Created;
    }
}

/// <param name="Rows">The newest first.</param>
/// <param name="Next">The position of the next page, one id for each shard; null = this was the last one.</param>
public sealed record ListingPage(IReadOnlyList<StoredTransaction> Rows, IReadOnlyList<long>? Next);

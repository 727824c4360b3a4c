using OrleansDtm.Core;

namespace OrleansDtm.Storage;

/// <summary>
/// Pages over all shards of a store, the newest first. The position is one id for each shard: only smaller ids follow,
/// so no transaction appears twice or is left out if others are inserted during the listing.
/// </summary>
public static class TransactionListing
{
    /// <summary>
    /// A page ends at this many bytes of data, however few transactions it then has, so that large ones do not fill the
    /// memory of the process and of the caller.
    /// </summary>
    public const long BytesMax = 4 * 1024 * 1024;

    /// <summary>The rows of the first query of a shard, before the size of its rows is known.</summary>
    private const int FirstRows = 2;

    /// <summary>A page of a scan ends after so many rows were read, whether they match or not.</summary>
    public const int ScannedMax = 5000;

    /// <summary>The rows of a scan that are read at once.</summary>
    private const int ScanRows = 500;

    /// <summary>A page first passes over so many rows of other namespaces, then over four times as many, ...</summary>
    private const int FirstPass = 500;

    /// <summary>... up to this number at once, ...</summary>
    private const int PassMax = 20_000;

    /// <summary>... and ends after this number, even if it is empty.</summary>
    private const int PassedMax = 100_000;

    /// <summary>No id is smaller: the shard has been read to its end.</summary>
    private const long AtEnd = 1;

    /// <param name="shards">See <see cref="ITransactionStore.Shards"/>.</param>
    /// <param name="filter">Its BeforeId is ignored.</param>
    /// <param name="before">One for each shard: only ids below it; 0 = from the newest.</param>
    /// <exception cref="StoreUnavailableException">A shard is unavailable; the message names it.</exception>
    public static Task<ListingPage> Read(
        IReadOnlyList<ITransactionStore> shards,
        TransactionFilter filter,
        IReadOnlyList<long> before,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(shards);
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(before);
        ArgumentOutOfRangeException.ThrowIfNotEqual(before.Count, shards.Count);
        return ReadPage(shards, filter, before, filter.Limit, static _ => true, cancellationToken);
    }

    /// <summary>
    /// The same with a condition that no index answers. A page may have fewer rows than the limit, or none, before the
    /// last one: it ends after a number of rows.
    /// </summary>
    /// <param name="shards">See <see cref="ITransactionStore.Shards"/>.</param>
    /// <param name="filter">Its BeforeId is ignored.</param>
    /// <param name="before">One for each shard: only ids below it; 0 = from the newest.</param>
    /// <param name="matches">The condition; payloads are left out.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <param name="scannedMax">The page ends after so many rows were read, whether they match or not.</param>
    /// <exception cref="StoreUnavailableException">A shard is unavailable; the message names it.</exception>
    public static async Task<ListingPage> Scan(
        IReadOnlyList<ITransactionStore> shards,
        TransactionFilter filter,
        IReadOnlyList<long> before,
        Func<StoredTransaction, bool> matches,
        CancellationToken cancellationToken,
        int scannedMax = ScannedMax)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(matches);
        List<StoredTransaction> rows = [];
        var scanned = 0;
        while (true)
        {
            var was = scanned;
            var page = await ReadPage(
                shards,
                filter with { Limit = Math.Min(ScanRows, scannedMax - scanned) },
                before,
                filter.Limit - rows.Count,
                stored =>
                {
                    scanned++;
                    return matches(stored);
                },
                cancellationToken).ConfigureAwait(false);
            scanned += page.Rows.Count == 0 && scanned == was ? ScanRows : 0; // It ended early: it has read many rows.
            rows.AddRange(page.Rows);
            var bytes = rows.Sum(static row => SizeOf(row.Transaction));
            if (page.Next is null || rows.Count >= filter.Limit || scanned >= scannedMax || bytes >= BytesMax)
            {
                return page with { Rows = rows };
            }

            before = page.Next;
        }
    }

    /// <summary>The number of transactions that match, by status, of all shards; see
    /// <see cref="ITransactionStore.Count"/>.</summary>
    /// <exception cref="StoreUnavailableException">A shard is unavailable; the message names it.</exception>
    public static async Task<IReadOnlyList<StatusCount>> Count(
        IReadOnlyList<ITransactionStore> shards,
        TransactionFilter filter,
        int most,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(shards);
        ArgumentNullException.ThrowIfNull(filter);
        var home = filter.Gid is { } gid ? ShardHash.ShardOf(gid, shards.Count) : -1;
        var counts = await Task.WhenAll(Enumerable.Range(0, shards.Count)
            .Where(number => home < 0 || home == number)
            .Select(number => shards.Ask(number, s => s.Count(filter, most, cancellationToken))))
            .ConfigureAwait(false);
        return
        [
            .. counts.SelectMany(static c => c).GroupBy(static c => c.Status).Select(static g => new StatusCount(
                g.Key, g.Sum(static c => c.Count), g.Any(static c => c.IsMinimum))),
        ];
    }

    /// <param name="limit">The page ends after so many matching rows.</param>
    /// <param name="matches">Called once for each row, in the order of the page.</param>
    private static async Task<ListingPage> ReadPage(
        IReadOnlyList<ITransactionStore> shards,
        TransactionFilter filter,
        IReadOnlyList<long> before,
        int limit,
        Func<StoredTransaction, bool> matches,
        CancellationToken cancellationToken)
    {
        var home = filter.Gid is { } gid ? ShardHash.ShardOf(gid, shards.Count) : -1;
        var pages = await Task.WhenAll(Enumerable.Range(0, shards.Count).Select(ReadShard)).ConfigureAwait(false);
        var taken = new int[shards.Count];
        var rows = Merge(pages, taken, (limit, filter.Limit), matches, out var isEnd);
        return new ListingPage(rows, isEnd ? null : [.. Enumerable.Range(0, shards.Count).Select(Next)]);

        Task<ShardPage> ReadShard(int number) =>
            before[number] == AtEnd || (home >= 0 && home != number)
                ? Task.FromResult(new ShardPage([], 0))
                : shards.Ask(number, s => Rows(s, filter with { BeforeId = before[number] }, cancellationToken));

        // A shard of which no row was taken continues at its first row: rows inserted from now on are not part of this
        // listing.
        long Next(int number) => pages[number].Rows switch
        {
            [] => pages[number].More == 0 ? AtEnd : pages[number].More,
            var page when taken[number] == 0 => page[0].Id + 1,
            var page when taken[number] == page.Count && pages[number].More > 0 => pages[number].More,
            var page => page[taken[number] - 1].Id,
        };
    }

    private static async Task<ShardPage> Rows(
        ITransactionStore shard, TransactionFilter filter, CancellationToken cancellationToken)
    {
        var (rows, bytes) = (new List<StoredTransaction>(), 0L);
        var next = Math.Min(FirstRows, filter.Limit);
        for (var (pass, passed) = (FirstPass, 0); ;)
        {
            var page = await shard.ListPage(filter with { Limit = next }, cancellationToken).ConfigureAwait(false);
            if (page.EndedAt > 0)
            {
                rows.AddRange(page.Rows);
                return new ShardPage(rows, page.EndedAt);
            }

            var found = page.Rows;
            if (found.Count == 0 && rows.Count < filter.Limit)
            {
                var after = await shard.PassOthers(
                    filter with { Limit = pass }, cancellationToken).ConfigureAwait(false);
                passed += pass;
                if (after == 0 || passed >= PassedMax)
                {
                    return new ShardPage(rows, after);
                }

                filter = filter with { BeforeId = after };
                pass = Math.Min(4 * pass, PassMax);
                continue;
            }

            pass = FirstPass;
            rows.AddRange(found);
            bytes += found.Sum(static row => SizeOf(row.Transaction));
            if (rows.Count >= filter.Limit || bytes >= BytesMax)
            {
                return new ShardPage(rows, rows.Count < filter.Limit ? rows[^1].Id : 0);
            }

            filter = filter with { BeforeId = rows[^1].Id };
            next = (int)Math.Clamp((BytesMax - bytes) / Math.Max(1, bytes / rows.Count), 1, filter.Limit - rows.Count);
        }
    }

    /// <summary>Reads rows of one shard without the bound of a page, for stores in memory.</summary>
    internal static async Task<List<StoredTransaction>> ReadAll(
        ITransactionStore store, TransactionFilter filter, int limit, CancellationToken cancellationToken)
    {
        var rows = new List<StoredTransaction>();
        while (rows.Count < limit)
        {
            var page = await store.List(
                filter with { BeforeId = rows.Count == 0 ? 0 : rows[^1].Id, Limit = limit - rows.Count },
                cancellationToken).ConfigureAwait(false);
            if (page.Count == 0)
            {
                break;
            }

            rows.AddRange(page);
        }

        return rows;
    }

    /// <summary>Ends a page at <see cref="BytesMax"/>.</summary>
    internal static async Task<IReadOnlyList<StoredTransaction>> Bounded(IAsyncEnumerable<StoredTransaction> rows)
    {
        var (taken, bytes) = (new List<StoredTransaction>(), 0L);
        await foreach (var row in rows.ConfigureAwait(false))
        {
            taken.Add(row);
            bytes += SizeOf(row.Transaction);
            if (bytes >= BytesMax)
            {
                break;
            }
        }

        return taken;
    }

    /// <summary>The data of submitters and services, which can be large; the rest is small.</summary>
    internal static long SizeOf(Transaction transaction)
    {
        var definition = transaction.Definition;
        var bytes = 1024L + definition.CustomData.Length + (definition.Prepared?.CustomData.Length ?? 0)
            + transaction.Result.Length + transaction.RollbackReason.Length
            + definition.BranchHeaders.Sum(static header => header.Key.Length + header.Value.Length);
        foreach (var branch in transaction.Branches)
        {
            bytes +=
                256 + branch.Definition.Payload.Length + branch.Definition.Url.Length + (branch.LastError?.Length ?? 0)
                + (branch.Result?.Body.Length ?? 0);
        }

        return bytes;
    }

    /// <summary>
    /// By creation time, the newest first; rows of one shard stay in the order of their ids, by which it pages.
    /// </summary>
    private static List<StoredTransaction> Merge(
        ShardPage[] pages,
        int[] taken,
        (int Matching, int Read) limit,
        Func<StoredTransaction, bool> matches,
        out bool isEnd)
    {
        var (rows, bytes, read) = (new List<StoredTransaction>(), 0L, 0);
        isEnd = false;
        while (rows.Count < limit.Matching && read < limit.Read && bytes < BytesMax)
        {
            var newest = -1;
            for (var number = 0; number < pages.Length; number++)
            {
                if (taken[number] < pages[number].Rows.Count)
                {
                    newest = newest < 0 || Created(number) > Created(newest) ? number : newest;
                }
                else if (pages[number].More > 0)
                {
                    return rows; // Its next row may be newer than those of the others.
                }
            }

            if (newest < 0)
            {
                isEnd = true;
                break;
            }

            var row = pages[newest].Rows[taken[newest]++];
            bytes += SizeOf(row.Transaction);
            read++;
            if (matches(row))
            {
                rows.Add(row);
            }
        }

        return rows;

        DateTimeOffset Created(int number) => pages[number].Rows[taken[number]].Transaction.Definition.Created;
    }

    /// <param name="Rows">By id, the newest first.</param>
    /// <param name="More">
    /// The shard has further rows below this id, which were not read because of the size of these, because of the
    /// number of rows of other namespaces, or because the search had read many rows; 0 = none.
    /// </param>
    private sealed record ShardPage(IReadOnlyList<StoredTransaction> Rows, long More);
}

/// <param name="Rows">
/// The newest first; fewer than the limit if they reach <see cref="TransactionListing.BytesMax"/> bytes.
/// </param>
/// <param name="Next">The position of the next page, one id for each shard; null = this was the last one.</param>
public sealed record ListingPage(IReadOnlyList<StoredTransaction> Rows, IReadOnlyList<long>? Next);

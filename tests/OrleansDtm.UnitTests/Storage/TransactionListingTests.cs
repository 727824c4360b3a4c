using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Sqlite;
using OrleansDtm.Tests.Support.Storage;
using Xunit;

namespace OrleansDtm.UnitTests.Storage;

/// <summary>
/// Pages over one or several shards: the newest first, each row once, whatever is inserted meanwhile.
/// </summary>
public sealed class TransactionListingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(1, true)]
    [InlineData(3, true)]
    public async Task Pages_hold_each_transaction_once_the_newest_first_while_others_are_inserted(
        int shards, bool onDisk)
    {
        var home = Directory.CreateTempSubdirectory("orleans-dtm-");
        try
        {
            await using var store = Create(shards, onDisk ? home.FullName : null);
            await store.Start(Token);
            for (var i = 0; i < 25; i++)
            {
                await Insert(store, $"g{i}", i);
            }

            var (seen, sizes, late) = (new List<string>(), new List<int>(), 0);
            IReadOnlyList<long>? position = new long[shards];
            while (position is not null)
            {
                var page = await TransactionListing.Read(
                    store.Shards, new TransactionFilter { Limit = 7 }, position, Token);
                seen.AddRange(page.Rows.Select(static r => r.Transaction.Definition.Gid));
                sizes.Add(page.Rows.Count);
                position = page.Next;
                for (var i = 0; i < 5; i++)
                {
                    // Some of them are in shards from which no row was read yet.
                    await Insert(store, $"late{late}", 100 + late++);
                }
            }

            Assert.Equal(Enumerable.Range(0, 25).Reverse().Select(static i => $"g{i}"), seen);
            Assert.Equal([7, 7, 7, 4], sizes);
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Filters_and_a_shard_without_matches_do_not_bring_back_what_came_later()
    {
        await using var store = Create(3, null);
        await store.Start(Token);
        var of0 = Gids(0, 3).ToArray();
        foreach (var (gid, i) in of0.Select(static (gid, i) => (gid, i)))
        {
            await Insert(store, gid, i);
        }

        var filter = new TransactionFilter { Limit = 2, Status = TransactionStatus.Submitted };
        var first = await TransactionListing.Read(store.Shards, filter, [0, 0, 0], Token);
        await Insert(store, Gids(1, 1).Single(), 50);
        var second = await TransactionListing.Read(store.Shards, filter, first.Next!, Token);

        Assert.Equal(
            [of0[2], of0[1], of0[0]], first.Rows.Concat(second.Rows).Select(static r => r.Transaction.Definition.Gid));
        Assert.Null(second.Next);
    }

    [Fact]
    public async Task Rows_of_one_shard_keep_the_order_of_their_ids_even_if_their_clocks_disagree()
    {
        await using var store = Create(2, null);
        await store.Start(Token);
        int[] seconds = [5, 9, 1, 7];
        foreach (var (gid, i) in Gids(0, 2, 2).Concat(Gids(1, 2, 2)).Select(static (gid, i) => (gid, i)))
        {
            await Insert(store, gid, seconds[i]);
        }

        var all = new List<string>();
        for (IReadOnlyList<long>? position = [0, 0]; position is not null;)
        {
            var page = await TransactionListing.Read(
                store.Shards, new TransactionFilter { Limit = 1 }, position, Token);
            all.AddRange(page.Rows.Select(static r => r.Transaction.Definition.Gid));
            position = page.Next;
        }

        Assert.Equal(4, all.Distinct().Count());
        Assert.Equal(4, all.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_page_of_large_transactions_ends_early_and_the_next_one_goes_on(int shards)
    {
        await using var store = Create(shards, null);
        await store.Start(Token);
        for (var i = 0; i < 40; i++)
        {
            await Insert(store, $"gid-{i}", i, new string('x', 1024 * 1024));
        }

        var (all, pages) = (new List<string>(), 0);
        for (IReadOnlyList<long>? position = new long[shards]; position is not null; pages++)
        {
            var page = await TransactionListing.Read(
                store.Shards, new TransactionFilter { Limit = 1000 }, position, Token);
            Assert.InRange(page.Rows.Count, position.All(static p => p == 0) ? 1 : 0, 5);
            all.AddRange(page.Rows.Select(static r => r.Transaction.Definition.Gid));
            position = page.Next;
        }

        Assert.Equal(Enumerable.Range(0, 40).Reverse().Select(static i => $"gid-{i}"), all);
        Assert.InRange(pages, 9, 24);
    }

    [Fact]
    public async Task A_gid_is_looked_for_in_its_own_shard_only_and_a_listing_says_which_shard_is_away()
    {
        SwitchableStore[] shards = [new(), new(), new()];
        await using var store = new ShardedTransactionStore(shards);
        await store.Start(Token);
        var gid = Gids(1, 1).Single();
        await Insert(store, gid, 1);
        shards[2].Away = true;

        var page = await TransactionListing.Read(store.Shards, new TransactionFilter { Gid = gid }, [0, 0, 0], Token);
        Assert.Equal(gid, Assert.Single(page.Rows).Transaction.Definition.Gid);
        var away = await Assert.ThrowsAsync<StoreUnavailableException>(
            () => TransactionListing.Read(store.Shards, new TransactionFilter(), [0, 0, 0], Token));
        Assert.Contains("Store:Shards:2 (of 3) is unavailable", away.Message, StringComparison.Ordinal);
    }

    /// <summary>Returns gids that belong to a shard.</summary>
    private static IEnumerable<string> Gids(int shard, int count, int shards = 3) =>
        Enumerable.Range(0, 1000)
            .Select(static i => $"n{i}")
            .Where(gid => ShardHash.ShardOf(gid, shards) == shard)
            .Take(count);

    private static ShardedTransactionStore Create(int shards, string? home) => new(
    [
        .. Enumerable.Range(0, shards).Select(i => home is null
            ? (ITransactionStore)new InMemoryTransactionStore()
            : new SqliteTransactionStore(
                new SqliteStoreOptions { Path = Path.Combine(home, $"{i}.db") },
                TimeProvider.System,
                NullLogger<SqliteTransactionStore>.Instance)),
    ]);

    private static async Task Insert(ShardedTransactionStore store, string gid, int second, string customData = "")
    {
        var plain = StoredSamples.Plain(gid, created: StoredSamples.Start.AddSeconds(second));
        var transaction = plain with { Definition = plain.Definition with { CustomData = customData } };
        await store.Write(StoredSamples.Insert(transaction), Token);
    }
}

using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Sqlite;
using OrleansDtm.Tests.Support.Storage;
using Xunit;

namespace OrleansDtm.UnitTests.Storage;

/// <summary>With one database it behaves like that database.</summary>
public sealed class SingleShardTests : TransactionStoreConformance
{
    protected override ITransactionStore Create() => new ShardedTransactionStore([new InMemoryTransactionStore()]);
}

/// <summary>Several databases as one store.</summary>
public sealed class ShardedTransactionStoreTests : IAsyncDisposable
{
    private readonly SwitchableStore[] _shards = [new(), new(), new()];
    private readonly ShardedTransactionStore _store;

    public ShardedTransactionStoreTests() => _store = new ShardedTransactionStore(_shards);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_gid_is_kept_in_the_shard_of_its_hash_and_nowhere_else()
    {
        await _store.Start(Token);
        for (var i = 0; i < 30; i++)
        {
            var write = StoredSamples.Insert(StoredSamples.Plain($"g{i}"));
            Assert.Equal(WriteResult.Written, await _store.Write(write, Token));
            Assert.Equal(WriteResult.Conflict, await _store.Write(write, Token));
            Assert.NotNull(await _store.Load($"g{i}", Token));
            for (var shard = 0; shard < 3; shard++)
            {
                var stored = await _shards[shard].Load($"g{i}", Token);
                Assert.Equal(shard == ShardHash.ShardOf($"g{i}", 3), stored is not null);
            }
        }

        Assert.Equal(
            "g7",
            Assert.Single(await _store.List(new TransactionFilter { Gid = "g7" }, Token)).Transaction.Definition.Gid);
    }

    [Fact]
    public async Task What_waits_and_what_is_unfinished_is_gathered_from_all()
    {
        await Fill(12);

        var waiting = await _store.FindWaiting(StoredSamples.Start, null, 5, Token);
        Assert.Equal(["g11", "g10", "g9", "g8", "g7"], waiting.Select(static d => d.Gid));
        var count = Assert.Single(await _store.CountUnfinished(StoredSamples.Start.AddSeconds(4), Token));
        Assert.Equal(new UnfinishedCount(TransactionType.Saga, TransactionStatus.Submitted, 12, 4), count);
    }

    [Fact]
    public async Task What_pages_by_ids_must_be_asked_of_one_shard()
    {
        await Fill(1);
        Assert.Same(_shards[1], _store.Shards[1]);
        await Assert.ThrowsAsync<NotSupportedException>(() => _store.FindDue(StoredSamples.Start, null, 1, Token));
        await Assert.ThrowsAsync<NotSupportedException>(() => _store.FindInterrupted(1, true, 0, 1, Token));
        await Assert.ThrowsAsync<NotSupportedException>(() => _store.DeleteFinished(StoredSamples.Start, 0, 1, Token));
        await Assert.ThrowsAsync<NotSupportedException>(() => _store.List(new TransactionFilter(), Token));
    }

    [Fact]
    public async Task Topics_live_in_shard_0()
    {
        await _store.Start(Token);
        await _store.Put("topics", "t", "[]", 0, Token);

        Assert.NotNull(await _shards[0].Get("topics", "t", Token));
        Assert.Null(await _shards[1].Get("topics", "t", Token));
        Assert.Single(await _store.Scan("topics", 0, 10, Token));
        Assert.Equal(WriteResult.Written, await _store.Delete("topics", "t", 1, Token));
    }

    [Fact]
    public async Task One_that_is_away_stops_only_its_own_transactions()
    {
        await Fill(9);
        _shards[1].Away = true;
        for (var i = 0; i < 9; i++)
        {
            var gid = $"g{i}";
            if (ShardHash.ShardOf(gid, 3) == 1)
            {
                await Assert.ThrowsAsync<StoreUnavailableException>(() => _store.Load(gid, Token));
            }
            else
            {
                Assert.NotNull(await _store.Load(gid, Token));
            }
        }

        await _store.Ping(Token); // One shard is unavailable, but the others work.
        var away = await Assert.ThrowsAsync<StoreUnavailableException>(
            () => _store.CountUnfinished(StoredSamples.Start, Token));
        Assert.Contains("Store:Shards:1 (of 3) is unavailable", away.Message, StringComparison.Ordinal);
        away = await Assert.ThrowsAsync<StoreUnavailableException>(
            () => _store.FindWaiting(StoredSamples.Start, null, 5, Token));
        Assert.Contains("Store:Shards:1 (of 3) is unavailable", away.Message, StringComparison.Ordinal);

        (_shards[0].Away, _shards[2].Away) = (true, true);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => _store.Ping(Token));
    }

    [Fact]
    public async Task All_are_started_and_all_are_closed()
    {
        _shards[2].Away = true;
        var away = await Assert.ThrowsAsync<StoreUnavailableException>(() => _store.Start(Token));
        Assert.Contains("Store:Shards:2", away.Message, StringComparison.Ordinal);
        Assert.True(_shards[0].Started && _shards[1].Started);

        await _store.DisposeAsync();
        Assert.All(_shards, static shard => Assert.True(shard.Disposed));
    }

    [Fact]
    public async Task Files_on_disk_are_found_again_in_the_order_they_were_first_started_with()
    {
        var home = Directory.CreateTempSubdirectory("orleans-dtm-");
        try
        {
            var paths = Enumerable.Range(0, 3).Select(i => Path.Combine(home.FullName, $"{i}.db")).ToArray();
            await using (var first = Sqlite(paths))
            {
                await first.Start(Token);
                for (var i = 0; i < 9; i++)
                {
                    await first.Write(StoredSamples.Insert(StoredSamples.Plain($"g{i}")), Token);
                }
            }

            await using (var turned = Sqlite(paths[1], paths[0], paths[2]))
            {
                var refused = await Assert.ThrowsAsync<StoreSchemaException>(() => turned.Start(Token));
                Assert.Contains(
                    "Store:Shards:0 names the database that was shard 1 of 3",
                    refused.Message,
                    StringComparison.Ordinal);
            }

            await using var again = Sqlite(paths);
            await again.Start(Token);
            Assert.NotNull(await again.Load("g5", Token));
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private static ShardedTransactionStore Sqlite(params string[] paths) => new(
    [
        .. paths.Select(static path => new SqliteTransactionStore(
            new SqliteStoreOptions { Path = path }, TimeProvider.System, NullLogger<SqliteTransactionStore>.Instance)),
    ]);

    private async Task Fill(int count)
    {
        await _store.Start(Token);
        for (var i = 0; i < count; i++)
        {
            await _store.Write(
                StoredSamples.Insert(StoredSamples.Retrying($"g{i}", StoredSamples.Start.AddSeconds(i))), Token);
        }
    }
}

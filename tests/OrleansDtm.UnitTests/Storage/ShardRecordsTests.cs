using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Storage;
using Xunit;

namespace OrleansDtm.UnitTests.Storage;

/// <summary>A list of shards that would lose transactions is rejected at the start, with the fix.</summary>
public sealed class ShardRecordsTests : IAsyncDisposable
{
    private readonly SwitchableStore _a = new();
    private readonly SwitchableStore _b = new();
    private readonly SwitchableStore _c = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_first_start_leaves_a_record_in_each_and_the_next_one_finds_it()
    {
        await Start(_a, _b);
        Assert.Equal("""{"number":0,"count":2}""", (await _a.Get("store", "shard", Token))!.Value);
        Assert.Equal("""{"number":1,"count":2}""", (await _b.Get("store", "shard", Token))!.Value);

        await Start(_a, _b);
    }

    [Fact]
    public async Task A_single_store_leaves_none()
    {
        await Start(_a);
        Assert.Null(await _a.Get("store", "shard", Token));
    }

    [Fact]
    public async Task Another_order_is_refused()
    {
        await Start(_a, _b);
        await Refused("Store:Shards:0 names the database that was shard 1 of 2", _b, _a);
    }

    [Fact]
    public async Task Another_number_is_refused()
    {
        await Start(_a, _b);
        await Refused("Store:Shards lists 3 databases, and that of Store:Shards:0 remembers 2", _a, _b, _c);
        await Refused("This database is shard 0 of 2 and holds only a part", _a);
    }

    [Fact]
    public async Task The_same_database_twice_is_refused() =>
        await Refused("Store:Shards:1 names the database that was shard 0 of 2", _a, _a);

    [Fact]
    public async Task A_database_with_transactions_of_its_own_does_not_become_a_shard()
    {
        await Start(_a);
        await Write(_a, "old");
        await Refused("Store:Shards:0 names a database that holds transactions from before", _a, _b);
        Assert.Null(await _b.Get("store", "shard", Token));

        await Start(_a); // Without shards it still works.
    }

    [Fact]
    public async Task An_empty_database_in_the_place_of_one_that_was_in_use_is_refused()
    {
        var store = await Start(_a, _b);
        for (var i = 0; i < 8; i++)
        {
            await store.Write(StoredSamples.Insert(StoredSamples.Plain($"g{i}")), Token);
        }

        await Refused("Store:Shards:1 names a database that was never one of these 2", _a, _c);
        await Refused("Store:Shards:0 names a database that was never one of these 2", _c, _b);
    }

    [Fact]
    public async Task A_first_start_that_was_interrupted_is_completed()
    {
        await _a.Put("store", "shard", """{"number":0,"count":2}""", 0, Token);
        await Start(_a, _b);
        Assert.NotNull(await _b.Get("store", "shard", Token));
    }

    [Fact]
    public async Task Two_processes_may_start_the_same_set_at_once() =>
        await Task.WhenAll(Start(_a, _b, _c), Start(_a, _b, _c), Start(_a, _b, _c));

    [Fact]
    public async Task A_record_that_cannot_be_read_is_refused()
    {
        await _a.Put("store", "shard", "2 of 3", 0, Token);
        await Refused("'2 of 3', which this program cannot read", _a, _b);
    }

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        await _c.DisposeAsync();
    }

    private static async Task<ShardedTransactionStore> Start(params SwitchableStore[] shards)
    {
        var store = new ShardedTransactionStore(shards);
        await store.Start(Token);
        return store;
    }

    private static async Task Refused(string message, params SwitchableStore[] shards)
    {
        var refused = await Assert.ThrowsAsync<StoreSchemaException>(() => Start(shards));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    private static async Task Write(SwitchableStore store, string gid) =>
        Assert.Equal(WriteResult.Written, await store.Write(StoredSamples.Insert(StoredSamples.Plain(gid)), Token));
}

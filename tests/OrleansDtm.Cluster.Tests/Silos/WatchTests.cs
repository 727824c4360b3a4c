using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Running;
using OrleansDtm.Grains.Watching;
using OrleansDtm.Invokers;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Storage;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Cluster.Tests.Silos;

/// <summary>Waits for an end and the stream of changes, whichever silo owns the transaction.</summary>
public sealed class WatchTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_wait_on_any_silo_ends_with_the_transaction_and_reads_the_store_once()
    {
        await using var store = new CountingStore();
        await using var fleet = await Fleet.Start(3, store, new Obliging());
        var gids = Enumerable.Range(0, 12).Select(static _ => SagaBody.NewGid()).ToList();
        foreach (var gid in gids)
        {
            Assert.Equal(ReplyKind.Ok, (await fleet.Grain(gid).Prepare(Fleet.Tcc)).Kind);
        }

        var waits = gids.SelectMany(gid => Enumerable.Range(0, 3).Select(silo => Watch(fleet, silo).Wait(
            gid, Patience, Cancel))).ToList();
        var unfinished = await Watch(fleet, 0).Wait(gids[0], TimeSpan.FromMilliseconds(300), Cancel);
        Assert.Equal(EndWait.Unfinished, unfinished);
        Assert.DoesNotContain(waits, static wait => wait.IsCompleted);
        var loads = store.Loads;
        foreach (var gid in gids)
        {
            await fleet.Grain(gid).ForceStop();
        }

        Assert.All(await Task.WhenAll(waits), static result => Assert.Equal(EndWait.Ended, result));
        Assert.Equal(loads, store.Loads);
        Assert.Equal(EndWait.Ended, await Watch(fleet, 1).Wait(gids[0], Patience, Cancel));
        Assert.Equal(EndWait.NotFound, await Watch(fleet, 2).Wait("no such", Patience, Cancel));
    }

    [Fact]
    public async Task A_wait_goes_on_at_the_next_owner()
    {
        await using var store = new InMemoryTransactionStore();
        await using var fleet = await Fleet.Start(2, store, new Obliging());
        var other = fleet.ServicesOf(1).GetRequiredService<TransactionOwners>();
        var gid = Enumerable.Range(0, 100).Select(static _ => SagaBody.NewGid()).First(other.IsHere);
        await fleet.Grain(gid).Prepare(Fleet.Tcc);
        var wait = Watch(fleet, 0).Wait(gid, Patience, Cancel);

        await fleet.Kill(1);
        await Poll.Until(
            async () => (await fleet.Grain(gid).Prepare(Fleet.Tcc)).Kind == ReplyKind.Ok,
            Patience,
            () => "no other silo takes it over",
            Cancel);
        Assert.False(wait.IsCompleted);
        await fleet.Grain(gid).ForceStop();

        Assert.Equal(EndWait.Ended, await wait.WaitAsync(Patience, Cancel));
    }

    /// <summary>The places are bounded; one that a caller has left would be missing for 30 s.</summary>
    [Fact]
    public async Task A_caller_that_has_gone_leaves_its_place_on_another_silo()
    {
        await using var store = new InMemoryTransactionStore();
        await using var fleet = await Fleet.Start(2, store, new Obliging());
        var owners = fleet.ServicesOf(1).GetRequiredService<TransactionOwners>();
        var places = fleet.ServicesOf(1).GetRequiredService<EndWaits>();
        var gid = Enumerable.Range(0, 100).Select(static _ => SagaBody.NewGid()).First(owners.IsHere);
        await fleet.Grain(gid).Prepare(Fleet.Tcc);
        using var gone = new CancellationTokenSource();
        var waits = Enumerable.Range(0, 5).Select(_ => Watch(fleet, 0).Wait(gid, Patience, gone.Token)).ToArray();
        await Poll.Until(
            () => Task.FromResult(places.Count == waits.Length), Patience, () => $"{places.Count} wait", Cancel);
        var left = TimeProvider.System.GetTimestamp();

        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(waits));
        await Poll.Until(
            () => Task.FromResult(places.Count == 0), Patience, () => $"{places.Count} still wait", Cancel);
        var took = TimeProvider.System.GetElapsedTime(left);
        Assert.True(took < TimeSpan.FromSeconds(4), $"after {took}");
    }

    [Fact]
    public async Task A_reader_sees_the_changes_of_all_silos_in_the_order_of_each_transaction()
    {
        await using var store = new InMemoryTransactionStore();
        await using var fleet = await Fleet.Start(3, store, new Obliging());
        using var reader = await Changes(fleet, 2).Open(Cancel);
        var gids = Enumerable.Range(0, 30).Select(static _ => SagaBody.NewGid()).ToList();
        foreach (var gid in gids)
        {
            await fleet.Grain(gid).Prepare(Fleet.Tcc);
            await fleet.Grain(gid).ForceStop();
        }

        var seen = await Read(reader, 2 * gids.Count);
        Assert.All(seen, static item => Assert.NotNull(item.Change));
        Assert.Equal(gids.Order(), seen.Select(static i => i.Change!.Gid).Distinct().Order());
        Assert.All(
            seen.GroupBy(static i => i.Change!.Gid),
            static changes => Assert.Equal(["prepared", "failed"], changes.Select(static c => c.Change!.Status)));
    }

    [Fact]
    public async Task A_silo_that_leaves_or_joins_is_a_gap()
    {
        await using var store = new InMemoryTransactionStore();
        await using var fleet = await Fleet.Start(2, store, new Obliging());
        using var reader = await Changes(fleet, 0).Open(Cancel);
        await fleet.Stop(1);
        await Until(reader, static item => item.Reason.Contains("has left", StringComparison.Ordinal));
        await fleet.Add();
        await Until(reader, static item => item.Reason.Contains("were missed", StringComparison.Ordinal));
    }

    private static EndWatch Watch(Fleet fleet, int silo) => fleet.ServicesOf(silo).GetRequiredService<EndWatch>();

    private static ClusterChanges Changes(Fleet fleet, int silo) =>
        fleet.ServicesOf(silo).GetRequiredService<ClusterChanges>();

    private static async Task<List<WatchedChange>> Read(ChangeReader reader, int count)
    {
        var seen = new List<WatchedChange>();
        while (seen.Count < count)
        {
            await reader.Grown().WaitAsync(Patience, Cancel);
            seen.AddRange(reader.Read());
        }

        return seen;
    }

    private static async Task Until(ChangeReader reader, Predicate<WatchedChange> found)
    {
        while (true)
        {
            await reader.Grown().WaitAsync(Patience, Cancel);
            if (reader.Read().Any(item => found(item)))
            {
                return;
            }
        }
    }

    private sealed class Obliging : IBranchInvoker
    {
        public Task<Outcome> Invoke(BranchInvocation call, CancellationToken cancellationToken) =>
            Task.FromResult(Outcome.Succeeded);
    }

    private sealed class CountingStore() : DelegatingStore(new InMemoryTransactionStore())
    {
        private int _loads;

        public int Loads => Volatile.Read(ref _loads);

        public override Task<StoredTransaction?> Load(string gid, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _loads);
            return base.Load(gid, cancellationToken);
        }
    }
}

using OrleansDtm.Core;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Grains;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>Each shard has its own sweep, and the sweeps are distributed over the silos.</summary>
public sealed class ShardSweepTests
{
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(20);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task All_shards_are_swept_and_one_that_is_away_stops_only_its_own(bool soleOwner)
    {
        WatchedStore[] shards = [new(), new(), new()];
        shards[1].Away = true;
        for (var shard = 0; shard < 3; shard++)
        {
            await shards[shard].Interrupted(
                Gid(shard), TimeProvider.System.GetUtcNow().AddHours(-1), TimeSpan.FromSeconds(3));
        }

        await using var silo = await SiloUnderTest.Start(shards, options =>
        {
            options.SweepInterval = Often;
            options.SoleOwner = soleOwner;
        });

        Assert.Equal(TransactionStatus.Succeed, (await shards[0].Ended(Gid(0))).Status);
        Assert.Equal(TransactionStatus.Succeed, (await shards[2].Ended(Gid(2))).Status);
        shards[1].Away = false;
        Assert.Equal(TransactionStatus.Succeed, (await shards[1].Ended(Gid(1))).Status);
    }

    [Fact]
    public async Task What_finished_long_ago_is_deleted_from_each_shard_and_nothing_else()
    {
        WatchedStore[] shards = [new(), new()];
        await using var silo = await SiloUnderTest.Start(
            shards, static options => options.Retention = TimeSpan.FromSeconds(1));
        silo.Service = static (call, _) => Task.FromResult(
            call.Url.EndsWith("stuck", StringComparison.Ordinal) ? Outcome.Ongoing() : Outcome.Succeeded);
        foreach (var shard in (int[])[0, 1])
        {
            await silo.Submit(Gid(shard, 2), SiloUnderTest.Saga("http://bank/a0"));
            await silo.Submit("stuck-" + Gid(shard, 2), SiloUnderTest.Saga("http://bank/stuck"));
        }

        var whole = new ShardedTransactionStore(shards);
        await Poll.Until(
            async () => await whole.Load(Gid(0, 2), Cancel) is null && await whole.Load(Gid(1, 2), Cancel) is null,
            SiloUnderTest.Patience,
            static () => "what has finished is still there",
            Cancel);
        Assert.NotNull(await whole.Load("stuck-" + Gid(0, 2), Cancel));
        Assert.NotNull(await whole.Load("stuck-" + Gid(1, 2), Cancel));
    }

    [Fact]
    public async Task A_silo_that_joins_takes_its_share_of_the_shards()
    {
        WatchedStore[] shards = [new(), new(), new(), new()];
        await using var silo = await SiloUnderTest.Start(shards, static options => options.SweepInterval = Often);
        var first = Assert.Single(await Spread(silo));

        var second = await silo.Join();

        await Poll.Until(
            async () =>
            {
                var spread = await Spread(silo);
                return spread.Select(static g => g.Key!).ToHashSet().SetEquals([first.Key!, second])
                    && spread.All(static g => g.Count() == 2);
            },
            // If the first silo learns late of the second, only the next minute's reminder moves the sweeps.
            SiloUnderTest.Patience * 2,
            static () => "the shards are not shared out evenly",
            Cancel);
        for (var shard = 0; shard < 4; shard++)
        {
            await shards[shard].Interrupted(
                Gid(shard, 4), TimeProvider.System.GetUtcNow().AddHours(-1), TimeSpan.FromSeconds(3));
            Assert.Equal(TransactionStatus.Succeed, (await shards[shard].Ended(Gid(shard, 4))).Status);
        }
    }

    private static async Task<List<IGrouping<Orleans.Runtime.SiloAddress?, int>>> Spread(SiloUnderTest silo)
    {
        var places = await Task.WhenAll(Enumerable.Range(0, 4).Select(silo.SweptBy));
        return [.. Enumerable.Range(0, 4).GroupBy(shard => places[shard])];
    }

    private static string Gid(int shard, int shards = 3) =>
        Enumerable.Range(0, 1000).Select(static i => $"g{i}").First(gid => ShardHash.ShardOf(gid, shards) == shard);
}

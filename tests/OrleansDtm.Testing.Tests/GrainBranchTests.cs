using OrleansDtm.Abstractions;
using OrleansDtm.Branches;
using Xunit;

namespace OrleansDtm.Testing.Tests;

public sealed class GrainBranchTests
{
    [Fact]
    public async Task Grains_of_the_silo_are_branches_with_scripts()
    {
        await using var dtm = await DtmTestHost.StartAsync(
            static options => options.ConfigureSilo = static silo => silo.AddBranchGrain<IRoomGrain>(),
            TestContext.Current.CancellationToken);
        var room = BranchUrl.Of<IRoomGrain>("7", nameof(IRoomGrain.Book));
        dtm.Branch(room).FailsTimes(8).LosesAnswer();
        dtm.Branch(BranchUrl.Of<IRoomGrain>("8", nameof(IRoomGrain.Book)), "full").Refuses("no room");
        var saga = new SagaTransaction { Gid = "trip" }
            .Step(room, BranchUrl.Of<IRoomGrain>("7", nameof(IRoomGrain.Cancel)), new Nights(2));
        var full = new SagaTransaction { Gid = "full" }
            .Step(room, BranchUrl.Of<IRoomGrain>("7", nameof(IRoomGrain.Cancel)), new Nights(2))
            .Step(
                BranchUrl.Of<IRoomGrain>("8", nameof(IRoomGrain.Book)),
                BranchUrl.Of<IRoomGrain>("8", nameof(IRoomGrain.Cancel)),
                new Nights(1));

        await dtm.Transactions.Submit(saga, cancellationToken: TestContext.Current.CancellationToken);
        await dtm.Transactions.Submit(full, cancellationToken: TestContext.Current.CancellationToken);

        await dtm.Saga("trip").ShouldHaveSucceeded();
        await dtm.Saga("full").ShouldHaveFailed("no room");
        await dtm.Saga("full").ShouldHaveCompensated("01", "02");
        Assert.Equal(10, dtm.Saga("trip").Calls.Count);

        // This grain has no barrier: the lost answers made each saga book twice, and one of the two was compensated.
        Assert.Equal(6, await dtm.Grains.GetGrain<IRoomGrain>("7").Booked());
    }
}

[GenerateSerializer]
internal sealed record Nights([property: Id(0)] int Count);

internal interface IRoomGrain : IGrainWithStringKey
{
    Task Book(Nights nights, BranchContext call);

    Task Cancel(Nights nights, BranchContext call);

    Task<int> Booked();
}

internal sealed class RoomGrain : Grain, IRoomGrain
{
    private int _booked;

    public Task Book(Nights nights, BranchContext call)
    {
        _booked += nights.Count;
        return Task.CompletedTask;
    }

    public Task Cancel(Nights nights, BranchContext call)
    {
        _booked -= nights.Count;
        return Task.CompletedTask;
    }

    public Task<int> Booked() => Task.FromResult(_booked);
}

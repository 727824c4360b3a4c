using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Cluster.Tests.Processes;

/// <summary>
/// Two silos whose store and membership are behind a pooler that uses another session for each transaction.
/// </summary>
public sealed class PoolerTests(DatabaseUnderTest<PgBouncerServer> database)
    : IClassFixture<DatabaseUnderTest<PgBouncerServer>>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_silo_leaves_its_work_to_the_other()
    {
        var connection = database.NewDatabase();
        await using var busi = await Participant.Start();
        var starts = await Task.WhenAll(
            ClusterProcess.Start(database.Server, connection, Cancel), ClusterProcess.Start(
                database.Server, connection, Cancel));
        await using var first = starts[0];
        await using var second = starts[1];
        using var toFirst = new Dtm(first);
        using var toSecond = new Dtm(second);
        var gids = Enumerable.Range(0, 20).Select(static _ => SagaBody.NewGid()).ToArray();
        await Task.WhenAll(gids.Select(
            (gid, i) => (i % 2 == 0 ? toFirst : toSecond).Accept(SagaBody.Of(gid, busi).With("wait_result", true))));
        Assert.All(
            await Task.WhenAll(gids.Select(toSecond.Query)),
            static q => Assert.Equal("succeed", (string?)q["transaction"]?["status"]));

        // Both silos have some of them. All of them wait in their first call.
        var gate = new Gate();
        busi.On("/Act1", [.. Enumerable.Repeat(Reply.Success.After(gate), 10), Reply.Success]);
        var hanging = Enumerable.Range(0, 10).Select(static _ => SagaBody.NewGid()).ToArray();
        await Task.WhenAll(hanging.Select(gid => toSecond.Accept(SagaBody.Of(gid, busi).With("request_timeout", 600))));
        await Poll.Until(
            () => Task.FromResult(busi.On("/Act1").Count >= 30),
            Poll.Patience,
            static () => "not all were called",
            Cancel);
        await first.Kill(Cancel);
        gate.Open();
        foreach (var gid in hanging)
        {
            await toSecond.Until("succeed", gid);
        }
    }
}

using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.DatabaseTests.Databases;

/// <summary>
/// Runs a saga that succeeds and one that is rolled back, a delayed message, a topic, and a saga that the sweep
/// resumes.
/// </summary>
internal static class CoordinatorRound
{
    public static async Task Run(ServerProcess server, Participant busi, CancellationToken cancel)
    {
        using var dtm = new Dtm(server);
        var (good, bad, late, topic, resumed) =
            (SagaBody.NewGid(), SagaBody.NewGid(), SagaBody.NewGid(), SagaBody.NewGid(), SagaBody.NewGid());
        await dtm.Accept(SagaBody.Of(good, busi).With("wait_result", true));
        busi.On("/Act2", Reply.Refusal, Reply.Success);
        await dtm.Submit(SagaBody.Of(bad, busi).With("wait_result", true));
        Assert.Equal(("succeed", "failed"), (await Status(good), await Status(bad)));

        await dtm.Accept(PatternBodies.Msg(late, busi).With("custom_data", """{"delay":1}"""));
        Assert.Equal(
            200, (await dtm.Get($"subscribe?topic=t&url={Uri.EscapeDataString(busi.Url + "/Heard")}&remark=r")).Status);
        var message = PatternBodies.Msg(topic, busi, 1);
        message["steps"]![0]!["action"] = "topic://t";
        await dtm.Accept(message);
        await busi.Called("/Heard");
        await dtm.Until("succeed", topic);
        await dtm.Until("succeed", late);

        busi.On("/Act1", Reply.Success.After(new Gate()), Reply.Success);
        var calls = busi.On("/Act1").Count;
        await dtm.Accept(SagaBody.Of(resumed, busi, 1).With("request_timeout", 3));
        await Poll.Until(
            () => Task.FromResult(busi.On("/Act1").Count > calls), Poll.Patience, static () => "never called", cancel);
        await server.Kill(cancel);
        await server.Restart(cancel);
        await dtm.Until("succeed", resumed);
        Assert.Equal(200, (await dtm.Send(HttpMethod.Get, server.Url + "/health/ready", null)).Status);

        async Task<string?> Status(string gid) => (string?)(await dtm.Transaction(gid))?["status"];
    }
}

/// <summary>Behind a pooler that uses another session for each transaction.</summary>
[Collection(SharedPgBouncer.Name)]
public sealed class CoordinatorBehindPgBouncerTests(DatabaseUnderTest<PgBouncerServer> database)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_coordinator_works_and_is_restarted()
    {
        var place = database.NewDatabase();
        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(
            Cancel, ("STORE_DRIVER", "postgres"), ("STORE_CONNECTION_STRING", place), ("STORE_PATH", ""));
        await CoordinatorRound.Run(server, busi, Cancel);
    }
}

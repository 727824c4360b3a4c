using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>Tests that affect the whole server, so each has its own.</summary>
public sealed class OwnServerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_terminated_server_exits_with_0_and_the_next_one_finishes_its_sagas()
    {
        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(Cancel);
        using var dtm = new Dtm(server);
        var (hanging, waiting) = (SagaBody.NewGid(), SagaBody.NewGid());
        busi.On("/Act2", Reply.Success.After(new Gate()), Reply.Success);
        busi.On("/Later", Reply.Ongoing, Reply.Success);
        await dtm.Accept(SagaBody.Of(hanging, busi).With("request_timeout", 2));
        await busi.Called("/Act2");
        var later = SagaBody.Of(waiting, busi, 1).With("retry_interval", 1);
        later["steps"]![0]!["action"] = busi.Url + "/Later";
        await dtm.Accept(later);
        await busi.Called("/Later");

        Assert.Equal(0, await server.Terminate(TimeSpan.FromSeconds(10), Cancel));
        await server.Restart(Cancel);

        await dtm.Until("succeed", hanging);
        await dtm.Until("succeed", waiting);
        Assert.Single(busi.On("/Act1")); // A completed call is not repeated.
        Assert.DoesNotContain(busi.Calls, static c => c.Op == "compensate");
    }

    [Fact]
    public async Task A_started_server_is_alive_and_ready()
    {
        await using var server = await ServerProcess.Start(Cancel);
        using var dtm = new Dtm(server);
        foreach (var path in new[] { "/health/live", "/health/ready" })
        {
            var answer = await dtm.Send(HttpMethod.Get, server.Url + path, null);
            Assert.True(answer.Status == 200, $"{path} answered {answer.Status}: {answer.Text}");
        }
    }

    [Fact]
    public async Task ResetCronTime_makes_all_waiting_retries_happen_now_as_many_as_its_limit_allows()
    {
        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(Cancel);
        using var dtm = new Dtm(server);
        busi.On("/Act1", Reply.Error, Reply.Error, Reply.Error, Reply.Success);
        string[] gids = [SagaBody.NewGid(), SagaBody.NewGid(), SagaBody.NewGid()];
        foreach (var delay in new[] { 3000, 3001, 3002 })
        {
            // Delayed messages cannot be made due: they must neither be counted nor block the others.
            await dtm.Accept(
                PatternBodies.Msg(SagaBody.NewGid(), busi).With("custom_data", $$"""{"delay":{{delay}}}"""));
        }

        foreach (var gid in gids)
        {
            await dtm.Accept(SagaBody.Of(gid, busi).With("retry_interval", 300));
            await dtm.UntilWaiting(gid);
        }

        await Reset(dtm, "timeout=0&limit=2", succeeds: 2, remaining: true);
        await Poll.Until(
            () => Finished(dtm, gids, 2), Poll.Patience, static () => "two sagas should have gone on", Cancel);
        await Reset(dtm, "timeout=0&limit=2", succeeds: 1, remaining: false);
        await Poll.Until(
            () => Finished(dtm, gids, 3), Poll.Patience, static () => "the third saga should have gone on", Cancel);
        await Reset(dtm, "timeout=0", succeeds: 0, remaining: false);
        Assert.Equal(9, busi.Calls.Count);
    }

    [Fact]
    public async Task ResetCronTime_leaves_alone_what_is_due_before_its_timeout()
    {
        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(Cancel);
        using var dtm = new Dtm(server);
        busi.On("/Act1", Reply.Error, Reply.Success);
        var gid = SagaBody.NewGid();
        await dtm.Accept(SagaBody.Of(gid, busi).With("retry_interval", 300));
        await dtm.UntilWaiting(gid);

        await Reset(dtm, "timeout=1000", succeeds: 0, remaining: false);
        Assert.Single(busi.Calls);
        await Reset(dtm, "", succeeds: 1, remaining: false); // The default is 105 s.
        await dtm.Until("succeed", gid);
    }

    private static async Task Reset(Dtm dtm, string query, int succeeds, bool remaining)
    {
        var answer = await dtm.Get("resetCronTime?" + query);
        Assert.True(answer.Status == 200, $"{answer.Status}: {answer.Text}");
        Assert.Equal((succeeds, remaining), ((int)answer.Json!["succeed_count"]!, (bool)answer.Json["has_remaining"]!));
    }

    private static async Task<bool> Finished(Dtm dtm, string[] gids, int count)
    {
        var finished = 0;
        foreach (var gid in gids)
        {
            finished += (string?)(await dtm.Transaction(gid))?["status"] == "succeed" ? 1 : 0;
        }

        return finished == count;
    }
}

using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>POST retryBranch: makes only one of the pending retries due.</summary>
[Collection(SharedServer.Name)]
public sealed class RetryBranchTests(RunningServer running)
{
    private Dtm Dtm => running.Dtm;

    [Fact]
    public async Task The_named_call_is_made_at_once_and_the_other_keeps_waiting()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Error, Reply.Success);
        busi.On("/Act2", Reply.Error, Reply.Success);
        await Dtm.Accept(
            SagaBody.Of(gid, busi).With("custom_data", """{"concurrent":true}""").With("retry_interval", 300));
        await Waiting(gid, 2);

        var answer = await Retry(gid, "02", "action");
        await busi.Called("/Act2", 2);
        await Waiting(gid, 1);

        Assert.True(answer is { Status: 200, Result: "SUCCESS" }, $"{answer.Status}: {answer.Text}");
        Assert.Single(busi.On("/Act1"));
        await Retry(gid, "01", "action");
        await Dtm.Until("succeed", gid);
    }

    [Fact]
    public async Task What_does_not_wait_is_a_conflict_and_what_is_not_there_is_not_found()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Error);
        await Dtm.Accept(SagaBody.Of(gid, busi).With("retry_interval", 300));
        await Dtm.UntilWaiting(gid);

        var notItsTurn = await Retry(gid, "02", "action");
        var noBranch = await Retry(gid, "03", "action");
        var noTransaction = await Retry(SagaBody.NewGid(), "01", "action");
        var noOp = await Dtm.Post("retryBranch", new JsonObject { ["gid"] = gid, ["branch_id"] = "01" });
        var noId = await Dtm.Post("retryBranch", new JsonObject { ["gid"] = gid, ["op"] = "action" });

        Assert.True(notItsTurn is { Status: 409, Result: "FAILURE" }, notItsTurn.Text);
        Assert.Contains("not its turn", notItsTurn.Message, StringComparison.Ordinal);
        Assert.True(noBranch is { Status: 404, Result: "FAILURE" }, noBranch.Text);
        Assert.True(noTransaction is { Status: 404, Result: "FAILURE" }, noTransaction.Text);
        Assert.True(noOp.Status == 400 && noOp.Message.Contains("op", StringComparison.Ordinal), noOp.Text);
        Assert.True(noId.Status == 400 && noId.Message.Contains("branch_id", StringComparison.Ordinal), noId.Text);
        Assert.Single(busi.Calls);
        await Dtm.Post("forceStop", new JsonObject { ["gid"] = gid });
    }

    private Task<Answer> Retry(string gid, string branchId, string op) =>
        Dtm.Post("retryBranch", new JsonObject { ["gid"] = gid, ["branch_id"] = branchId, ["op"] = op });

    /// <summary>Waits until this many calls wait for a retry.</summary>
    private Task Waiting(string gid, int calls) => Poll.Until(
        async () =>
            (await Dtm.Query(gid))["branches"]!.AsArray().Count(static b => b!["next_retry_time"] is not null) == calls,
        Poll.Patience,
        () => $"{gid} does not come to {calls} waiting calls",
        TestContext.Current.CancellationToken);
}

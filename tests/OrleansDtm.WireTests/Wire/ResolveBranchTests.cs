using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>POST resolveBranch: an operator marks a call that can never succeed as done.</summary>
[Collection(SharedServer.Name)]
public sealed class ResolveBranchTests(RunningServer running)
{
    private Dtm Dtm => running.Dtm;

    [Fact]
    public async Task The_transaction_goes_on_and_the_call_is_not_made_again()
    {
        await using var busi = await Participant.Start();
        var gid = await Stuck(busi);

        var answer = await Resolve(gid, "01", "action", "booked by hand, ticket 7");
        await Dtm.Until("succeed", gid);

        Assert.True(answer is { Status: 200, Result: "SUCCESS" }, $"{answer.Status}: {answer.Text}");
        Assert.Single(busi.On("/Act1"));
        Assert.Single(busi.On("/Act2"));
        var again = await Resolve(gid, "01", "action", "booked by hand, ticket 7");
        Assert.True(again is { Status: 409, Result: "FAILURE" }, again.Text);
        Assert.Contains("it is succeed", again.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_wait_or_is_incomplete_is_refused()
    {
        await using var busi = await Participant.Start();
        var gid = await Stuck(busi);

        var notItsTurn = await Resolve(gid, "02", "action", "why not");
        var noBranch = await Resolve(gid, "03", "action", "why not");
        var noTransaction = await Resolve(SagaBody.NewGid(), "01", "action", "why not");
        Assert.True(notItsTurn is { Status: 409, Result: "FAILURE" }, notItsTurn.Text);
        Assert.True(noBranch is { Status: 404, Result: "FAILURE" }, noBranch.Text);
        Assert.True(noTransaction is { Status: 404, Result: "FAILURE" }, noTransaction.Text);
        foreach (var field in (string[])["gid", "branch_id", "op", "reason"])
        {
            var body = Body(gid, "01", "action", "why not");
            body.Remove(field);
            var refused = await Dtm.Post("resolveBranch", body);
            Assert.True(
                refused.Status == 400 && refused.Message.Contains(field, StringComparison.Ordinal), refused.Text);
        }

        Assert.Single(busi.Calls);
        await Dtm.Post("forceStop", new JsonObject { ["gid"] = gid });
    }

    private async Task<string> Stuck(Participant busi)
    {
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Error);
        await Dtm.Accept(SagaBody.Of(gid, busi).With("retry_interval", 300));
        await Dtm.UntilWaiting(gid);
        return gid;
    }

    private Task<Answer> Resolve(string gid, string branchId, string op, string reason) =>
        Dtm.Post("resolveBranch", Body(gid, branchId, op, reason));

    private static JsonObject Body(string gid, string branchId, string op, string reason) =>
        new() { ["gid"] = gid, ["branch_id"] = branchId, ["op"] = op, ["reason"] = reason };
}

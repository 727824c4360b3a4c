using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>Sagas that are force-stopped, waited for, or submitted repeatedly.</summary>
[Collection(SharedServer.Name)]
public sealed class SagaStopTests(RunningServer running)
{
    private Dtm Dtm => running.Dtm;

    [Fact]
    public async Task A_saga_stopped_by_force_while_a_branch_hangs_is_failed_without_compensation()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var gate = new Gate();
        busi.On("/Act2", Reply.Success.After(gate));
        await Dtm.Accept(SagaBody.Of(gid, busi, 3));
        await busi.Called("/Act2");

        var first = await Dtm.Post("forceStop", new JsonObject { ["gid"] = gid });
        var stopped = await Dtm.Transaction(gid);
        var second = await Dtm.Post("forceStop", new JsonObject { ["gid"] = gid });
        gate.Open();

        Assert.True(first is { Status: 200, Result: "SUCCESS" }, $"{first.Status}: {first.Text}");
        Assert.Equal("failed", (string?)stopped?["status"]);
        Assert.True(second is { Status: 409, Result: "FAILURE" }, $"{second.Status}: {second.Text}");
        await AnotherSagaPasses();
        Assert.Equal(["/Act1", "/Act2"], busi.Paths);
        Assert.Equal("failed", (string?)(await Dtm.Transaction(gid))?["status"]);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(425)]
    public async Task A_waiting_submitter_is_told_ONGOING_when_a_branch_is_not_done_and_the_saga_goes_on(int status)
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var gate = new Gate();
        busi.On("/Act1", new Reply(status, "{}"), Reply.Success.After(gate));

        var answer = await Dtm.Submit(SagaBody.Of(gid, busi).With("wait_result", true));

        Assert.True(answer is { Status: 425, Result: "ONGOING" }, $"{answer.Status}: {answer.Text}");
        Assert.Equal("submitted", (string?)(await Dtm.Transaction(gid))?["status"]);
        gate.Open();
        await Dtm.Until("succeed", gid);
        Assert.Equal(["/Act1", "/Act1", "/Act2"], busi.Paths);
    }

    [Fact]
    public async Task A_waiting_submitter_is_told_the_reason_of_a_failure_after_everything_is_compensated()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act2", Reply.Refusal);

        var answer = await Dtm.Submit(SagaBody.Of(gid, busi).With("wait_result", true));

        Assert.True(answer is { Status: 409, Result: "FAILURE" }, $"{answer.Status}: {answer.Text}");
        Assert.Equal($"url:{busi.Url}/Act2 return failed: {Reply.Refusal.Body} FAILURE", answer.Message);
        Assert.Equal(["/Act1", "/Act2", "/Comp2", "/Comp1"], busi.Paths);
    }

    [Fact]
    public async Task A_submit_said_again_while_the_saga_runs_runs_nothing_twice()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var gate = new Gate();
        busi.On("/Act1", Reply.Success.After(gate));
        await Dtm.Accept(SagaBody.Of(gid, busi));
        await busi.Called("/Act1");

        await Dtm.Accept(SagaBody.Of(gid, busi));
        gate.Open();

        await Dtm.Until("succeed", gid);
        Assert.Equal(["/Act1", "/Act2"], busi.Paths);
    }

    [Fact]
    public async Task Thirty_two_submits_of_the_same_saga_at_once_are_one_saga()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var gate = new Gate();
        busi.On("/Act1", Reply.Success.After(gate));

        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Dtm.Submit(SagaBody.Of(gid, busi))));
        gate.Open();

        Assert.All(answers, static a => Assert.True(a is { Status: 200, Result: "SUCCESS" }, $"{a.Status}: {a.Text}"));
        await Dtm.Until("succeed", gid);
        Assert.Equal(["/Act1", "/Act2"], busi.Paths);
    }

    [Fact]
    public async Task A_submit_said_again_after_the_end_is_refused_with_the_status()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Refusal);
        await Dtm.Accept(SagaBody.Of(gid, busi));
        await Dtm.Until("failed", gid);

        var answer = await Dtm.Submit(SagaBody.Of(gid, busi));

        Assert.True(answer is { Status: 409, Result: "FAILURE" }, $"{answer.Status}: {answer.Text}");
        Assert.Equal("current status 'failed', cannot sumbmit. FAILURE", answer.Message);
        Assert.Equal(["/Act1", "/Comp1"], busi.Paths);
    }

    /// <summary>Runs another saga, so that all effects of the opened gate have had time to happen.</summary>
    private async Task AnotherSagaPasses()
    {
        await using var other = await Participant.Start();
        other.On("/Act1", Reply.Ongoing, Reply.Success);
        var gid = SagaBody.NewGid();
        await Dtm.Accept(SagaBody.Of(gid, other));
        await Dtm.Until("succeed", gid);
    }
}

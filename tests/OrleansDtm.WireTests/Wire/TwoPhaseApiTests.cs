using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>tcc and xa, used as DTM's SDKs do.</summary>
[Collection(SharedServer.Name)]
public sealed class TwoPhaseApiTests(RunningServer running)
{
    private Dtm Dtm => running.Dtm;

    [Fact]
    public async Task Tcc_confirms_the_last_registered_branch_first_and_xa_commits_the_first_one_first()
    {
        await using var busi = await Participant.Start();
        var (tcc, xa) = (SagaBody.NewGid(), SagaBody.NewGid());
        await Ok("prepare", PatternBodies.Of(tcc, "tcc"));
        await Ok("registerTccBranch", PatternBodies.TccBranch(tcc, busi, 1));
        await Ok("registerBranch", PatternBodies.TccBranch(tcc, busi, 2));
        await Ok("prepare", PatternBodies.Of(xa, "xa"));
        await Ok("registerXaBranch", PatternBodies.XaBranch(xa, busi, 1));
        await Ok("registerBranch", PatternBodies.XaBranch(xa, busi, 2));

        await Ok("submit", PatternBodies.Of(tcc, "tcc").With("wait_result", true));
        await Ok("submit", PatternBodies.Of(xa, "xa").With("wait_result", true));

        Assert.Equal(["/Confirm2", "/Confirm1", "/Xa1", "/Xa2"], busi.Paths);
        Assert.All(
            busi.Calls.Where(c => c.Gid == xa), call => Assert.Equal(("POST", "commit"), (call.Method, call.Op)));
    }

    [Fact]
    public async Task A_prepared_tcc_that_nobody_decides_is_cancelled_after_its_timeout()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        await Ok("prepare", PatternBodies.Of(gid, "tcc").With("timeout_to_fail", 1));
        await Ok("registerBranch", PatternBodies.TccBranch(gid, busi, 1));

        var ended = await Dtm.Until("failed", gid);

        Assert.Equal("Timeout after 1 seconds", (string?)ended["rollback_reason"]);
        Assert.Equal(["/Cancel1"], busi.Paths);
        var late = await Dtm.Submit(PatternBodies.Of(gid, "tcc"));
        Assert.True(late is { Status: 409, Result: "FAILURE" }, late.Text);
    }

    [Fact]
    public async Task A_branch_registered_again_is_the_same_branch_and_with_other_content_it_is_refused()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        await Ok("prepare", PatternBodies.Of(gid, "tcc"));
        await Ok("registerBranch", PatternBodies.TccBranch(gid, busi, 1));

        var same = await Task.WhenAll(
            Enumerable.Range(0, 16).Select(_ => Dtm.Post("registerBranch", PatternBodies.TccBranch(gid, busi, 1))));
        var other = await Dtm.Post("registerBranch", PatternBodies.TccBranch(gid, busi, 1).With("data", "{}"));
        await Ok("submit", PatternBodies.Of(gid, "tcc").With("wait_result", true));

        Assert.All(same, answer => Assert.Equal(200, answer.Status));
        Assert.Equal(409, other.Status);
        Assert.Equal(["/Confirm1"], busi.Paths);
    }

    [Fact]
    public async Task Prepare_submit_and_abort_said_again_have_one_effect_and_one_answer()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        await Ok("prepare", PatternBodies.Of(gid, "tcc"));
        await Ok("prepare", PatternBodies.Of(gid, "tcc"));
        await Ok("registerBranch", PatternBodies.TccBranch(gid, busi, 1));
        await Ok("abort", PatternBodies.Of(gid, "tcc").With("rollback_reason", "no"));
        await Dtm.Until("failed", gid);

        await Ok("abort", PatternBodies.Of(gid, "tcc").With("rollback_reason", "no, no"));
        var submit = await Dtm.Submit(PatternBodies.Of(gid, "tcc"));

        Assert.Equal(409, submit.Status);
        Assert.Equal(["/Cancel1"], busi.Paths);
        Assert.Equal("no", (string?)(await Dtm.Transaction(gid))?["rollback_reason"]);
    }

    [Theory]
    [InlineData("tcc")]
    [InlineData("xa")]
    public async Task What_was_never_prepared_cannot_be_submitted_and_leaves_no_trace(string type)
    {
        var gid = SagaBody.NewGid();

        var answer = await Dtm.Submit(PatternBodies.Of(gid, type));

        Assert.True(answer is { Status: 404, Result: "FAILURE" }, $"{answer.Status}: {answer.Text}");
        Assert.Null(await Dtm.Transaction(gid));
    }

    [Fact]
    public async Task A_confirm_that_answers_FAILURE_is_repeated_and_query_says_why()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var gate = new Gate();
        busi.On("/Confirm1", Reply.Refusal, Reply.Success.After(gate));
        await Ok("prepare", PatternBodies.Of(gid, "tcc"));
        await Ok("registerBranch", PatternBodies.TccBranch(gid, busi, 1));

        var answer = await Dtm.Submit(PatternBodies.Of(gid, "tcc").With("wait_result", true));
        var confirm = (await Dtm.Query(gid))["branches"]!.AsArray().Single(b => (string?)b!["op"] == "confirm")!;
        gate.Open();

        Assert.True(answer is { Status: 425, Result: "ONGOING" }, $"{answer.Status}: {answer.Text}");
        Assert.Contains("balance too low", (string?)confirm["last_error"], StringComparison.Ordinal);
        Assert.Equal(1, (int?)confirm["attempts"]);
        Assert.Equal("unknown", (string?)confirm["history"]![0]!["outcome"]);
        await Dtm.Until("succeed", gid);
    }

    [Fact]
    public async Task A_gid_that_begins_like_another_has_its_own_branches()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        foreach (var (each, number) in new[] { (gid, 1), (gid + "0", 2) })
        {
            await Ok("prepare", PatternBodies.Of(each, "tcc"));
            await Ok("registerBranch", PatternBodies.TccBranch(each, busi, number));
        }

        await Ok("submit", PatternBodies.Of(gid + "0", "tcc").With("wait_result", true));
        await Ok("submit", PatternBodies.Of(gid, "tcc").With("wait_result", true));

        Assert.Equal(["/Confirm2", "/Confirm1"], busi.Paths);
    }

    [Theory]
    [InlineData("branch_id", null)]
    [InlineData("trans_type", "saga")]
    [InlineData("confirm", "ftp://nowhere/x")]
    [InlineData("bin_data", "no base64!")]
    public async Task A_branch_that_makes_no_sense_is_refused_by_field(string field, string? value)
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        await Ok("prepare", PatternBodies.Of(gid, "tcc"));
        var body = PatternBodies.TccBranch(gid, busi, 1).With(field, value);
        if (value is null)
        {
            body.Remove(field);
        }

        var answer = await Dtm.Post("registerBranch", body);
        var number = await Dtm.Post("registerBranch", PatternBodies.TccBranch(gid, busi, 1).With("data", 5));

        Assert.True(answer is { Status: 400, Result: "FAILURE" }, $"{answer.Status}: {answer.Text}");
        Assert.Contains(field, answer.Message, StringComparison.Ordinal);
        Assert.Equal(400, number.Status);
        Assert.Empty((await Dtm.Query(gid))["branches"]!.AsArray());
    }

    private async Task Ok(string api, JsonObject body)
    {
        var answer = await Dtm.Post(api, body);
        Assert.True(answer is { Status: 200, Result: "SUCCESS" }, $"{api} answered {answer.Status}: {answer.Text}");
    }
}

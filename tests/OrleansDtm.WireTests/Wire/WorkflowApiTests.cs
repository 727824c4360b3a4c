using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>Workflows, used as DTM's SDK does.</summary>
[Collection(SharedServer.Name)]
public sealed class WorkflowApiTests(RunningServer running)
{
    private Dtm Dtm => running.Dtm;

    [Fact]
    public async Task A_workflow_that_falls_silent_is_resumed_and_finds_what_it_has_done()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Resume", Reply.Error, Reply.Success);
        var body = PatternBodies.Workflow(gid, busi).With("retry_interval", 0.4);
        Assert.Equal(200, (await Dtm.Post("prepareWorkflow", body)).Status);
        await Ok("registerBranch", PatternBodies.WorkflowStep(gid, "01", "first result"));

        var resumed = await busi.Called("/Resume", 2);
        var found = (await Dtm.Post("prepareWorkflow", body)).Json!;
        await Ok("submit", PatternBodies.WorkflowEnd(gid, "succeed", result: "b2s="));

        Assert.Equal(("order", "00", "{}"), (resumed.Op, resumed.Branch, resumed.Body));
        Assert.Equal("first result", Text(found["progresses"]![0]!));
        Assert.Equal("prepared", (string?)found["transaction"]!["status"]);
        Assert.Equal("b2s=", (string?)(await Dtm.Transaction(gid))?["result"]);
    }

    [Fact]
    public async Task A_step_is_recorded_once_and_a_different_second_result_must_be_looked_up()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        await Dtm.Post("prepareWorkflow", PatternBodies.Workflow(gid, busi));
        await Ok("registerBranch", PatternBodies.WorkflowStep(gid, "01", "first"));
        await Ok("registerBranch", PatternBodies.WorkflowStep(gid, "01", "first"));

        var other = await Dtm.Post("registerBranch", PatternBodies.WorkflowStep(gid, "01", "second"));

        // Not FAILURE: the SDK would roll back instead of running the workflow again.
        Assert.Equal(503, other.Status);
        Assert.DoesNotContain("FAILURE", other.Text, StringComparison.Ordinal);
        Assert.Equal("first", Text((await Dtm.Query(gid))["branches"]!.AsArray().Single()!));
    }

    [Fact]
    public async Task Every_byte_of_a_result_survives()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var bytes = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray();
        await Dtm.Post("prepareWorkflow", PatternBodies.Workflow(gid, busi));

        await Ok(
            "registerBranch",
            PatternBodies.WorkflowStep(gid, "01", "").With("bin_data", Convert.ToBase64String(bytes)));

        var found = (await Dtm.Post("prepareWorkflow", PatternBodies.Workflow(gid, busi))).Json!;
        Assert.Equal(bytes, Convert.FromBase64String((string)found["progresses"]![0]!["bin_data"]!));
    }

    [Fact]
    public async Task The_end_of_a_workflow_is_said_once()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        await Dtm.Post("prepareWorkflow", PatternBodies.Workflow(gid, busi));
        await Ok("submit", PatternBodies.WorkflowEnd(gid, "failed", reason: "out of stock"));
        await Ok("submit", PatternBodies.WorkflowEnd(gid, "failed", reason: "out of stock"));

        var other = await Dtm.Submit(PatternBodies.WorkflowEnd(gid, "succeed"));
        var late = await Dtm.Post("registerBranch", PatternBodies.WorkflowStep(gid, "01", "late"));
        var neither = await Dtm.Submit(PatternBodies.WorkflowEnd(gid, "maybe"));
        var unknown = await Dtm.Submit(PatternBodies.WorkflowEnd(SagaBody.NewGid(), "succeed"));

        Assert.Equal((409, 409, 400, 404), (other.Status, late.Status, neither.Status, unknown.Status));
        Assert.Equal("out of stock", (string?)(await Dtm.Transaction(gid))?["rollback_reason"]);
    }

    private static string Text(JsonNode branch) =>
        System.Text.Encoding.UTF8.GetString(Convert.FromBase64String((string)branch["bin_data"]!));

    private async Task Ok(string api, JsonObject body)
    {
        var answer = await Dtm.Post(api, body);
        Assert.True(answer is { Status: 200, Result: "SUCCESS" }, $"{api} answered {answer.Status}: {answer.Text}");
    }
}

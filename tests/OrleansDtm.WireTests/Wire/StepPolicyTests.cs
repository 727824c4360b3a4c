using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>What a step sets for its own calls, and calls that are put aside after give_up_after.</summary>
[Collection(SharedServer.Name)]
public sealed class StepPolicyTests(RunningServer running)
{
    private Dtm Dtm => running.Dtm;

    [Fact]
    public async Task A_step_has_its_own_limit_interval_and_headers_and_query_shows_them()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act2", Reply.Error);
        var body = SagaBody.Of(gid, busi).With("retry_interval", 300).With("branch_headers", Json("""{"x-a":"1"}"""));
        Step(body, 1, """
            {"retry_limit":1,"retry_interval":0.1,"retry_backoff":"constant","headers":{"X-A":"2","Authorization":"s"},
             "compensate_policy":{"headers":{"x-b":"3"}}}
            """);

        await Dtm.Accept(body);
        var transaction = await Dtm.Until("failed", gid);

        Assert.Equal(
            "RetryCount is greater than RetryLimit, RetryLimit: 1 of branch 02",
            (string?)transaction["rollback_reason"]);
        Assert.Equal(["/Act1", "/Act2", "/Act2", "/Comp2", "/Comp1"], busi.Paths);
        Assert.Equal(["1", "2", "2", "1", "1"], busi.Calls.Select(static c => c.Headers["x-a"]));
        Assert.Equal("3", busi.On("/Comp2")[0].Headers["x-b"]);
        var policy = (await Dtm.Query(gid))["branches"]![3]!["policy"]!;
        Assert.Equal((1, 0.1, "constant"), ((int)policy["retry_limit"]!, (double)policy["retry_interval"]!,
            (string)policy["retry_backoff"]!));
        Assert.Equal("2", (string?)policy["headers"]!["X-A"]);
    }

    [Fact]
    public async Task A_compensation_is_put_aside_listed_and_resumed_by_hand()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act2", Reply.Refusal);
        busi.On("/Comp1", Reply.Error, Reply.Error, Reply.Error, Reply.Success);
        var body = SagaBody.Of(gid, busi).With("retry_interval", 0.1).With("give_up_after", 2);

        await Dtm.Accept(body);
        await busi.Called("/Comp1", 2);
        await Parked(gid);

        var query = await Dtm.Query(gid);
        Assert.Equal("aborting", (string?)query["transaction"]!["status"]);
        Assert.True((bool?)query["branches"]![0]!["parked"]);
        Assert.Null(query["branches"]![0]!["next_retry_time"]);
        Assert.Contains(gid, (await Dtm.Get("all?parked=true&limit=1000")).Text, StringComparison.Ordinal);
        Assert.Contains(
            gid, (await Dtm.Get("all?parked=true&status=aborting&transType=saga")).Text, StringComparison.Ordinal);
        Assert.DoesNotContain(gid, (await Dtm.Get("all?parked=true&transType=msg")).Text, StringComparison.Ordinal);

        var retry = await Dtm.Post(
            "retryBranch", new JsonObject { ["gid"] = gid, ["branch_id"] = "01", ["op"] = "compensate" });
        Assert.True(retry.Status == 200, retry.Text);
        var transaction = await Dtm.Until("failed", gid);
        Assert.Null(transaction["parked"]);
        Assert.Equal(4, busi.On("/Comp1").Count);
        Assert.DoesNotContain(gid, (await Dtm.Get("all?parked=true&limit=1000")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_that_is_put_aside_is_resolved_by_hand()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Error);
        var body = SagaBody.Of(gid, busi).With("trans_type", "msg");
        Step(body, 0, """{"give_up_after":1}""");
        await Dtm.Accept(body);
        await Parked(gid);
        Assert.Equal("submitted", (string?)(await Dtm.Transaction(gid))!["status"]);

        var resolved = await Dtm.Post("resolveBranch", new JsonObject
        {
            ["gid"] = gid,
            ["branch_id"] = "01",
            ["op"] = "action",
            ["reason"] = "booked by hand",
        });
        Assert.True(resolved.Status == 200, resolved.Text);
        await Dtm.Until("succeed", gid);
    }

    [Theory]
    [InlineData("""{"retry_limit":-1}""", "steps[0].retry_limit")]
    [InlineData("""{"retry_limit":"many"}""", "steps[0].retry_limit")]
    [InlineData("""{"give_up_after":1}""", "steps[0].give_up_after")]
    [InlineData("""{"compensate_policy":{"retry_backoff":"random"}}""", "steps[0].compensate_policy.retry_backoff")]
    public async Task An_invalid_policy_is_refused_by_its_name_and_nothing_is_stored(string step, string field)
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var body = SagaBody.Of(gid, busi);
        Step(body, 0, step);
        var refused = await Dtm.Submit(body);
        Assert.True(refused is { Status: 400, Result: "FAILURE" }, refused.Text);
        Assert.Contains(field, refused.Message, StringComparison.Ordinal);
        Assert.Null(await Dtm.Transaction(gid));
    }

    [Fact]
    public async Task A_filter_that_is_neither_true_nor_false_is_refused()
    {
        var refused = await Dtm.Get("all?parked=maybe");
        Assert.Equal(400, refused.Status);
        Assert.StartsWith("parked:", refused.Message, StringComparison.Ordinal);
    }

    private async Task Parked(string gid) => await Poll.Until(
        async () => (bool?)(await Dtm.Transaction(gid))?["parked"] == true,
        Poll.Patience,
        () => $"{gid} is not parked",
        TestContext.Current.CancellationToken);

    private static JsonNode Json(string text) => JsonNode.Parse(text)!;

    private static void Step(JsonObject body, int index, string members)
    {
        foreach (var (name, value) in Json(members).AsObject())
        {
            body["steps"]![index]![name] = value?.DeepClone();
        }
    }
}

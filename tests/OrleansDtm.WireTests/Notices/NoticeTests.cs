using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Notices;

/// <summary>
/// The callback_url of a transaction receives its result after the end. The call is retried until it succeeds.
/// </summary>
[Collection(SharedServer.Name)]
public sealed class NoticeTests(RunningServer running)
{
    private Dtm Dtm => running.Dtm;

    [Fact]
    public async Task A_success_is_told_once()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        await Dtm.Accept(Notified(gid, busi));

        var notice = await Delivered(Dtm, gid);

        Assert.Equal((1, null), ((int)notice["attempts"]!, (string?)notice["last_error"]));
        Assert.Equal(["/Act1", "/Act2", "/Notice"], busi.Paths);
        var told = Told(busi, 0);
        Assert.Equal((gid, "saga", "succeed", ""), told);
        Assert.Equal("POST", busi.On("/Notice")[0].Method);
    }

    [Fact]
    public async Task A_rollback_is_told_with_its_reason_after_everything_is_compensated()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act2", Reply.Refusal);
        await Dtm.Accept(Notified(gid, busi));

        await Delivered(Dtm, gid);

        Assert.Equal(["/Act1", "/Act2", "/Comp2", "/Comp1", "/Notice"], busi.Paths);
        Assert.Equal(
            (gid, "saga", "failed", $"url:{busi.Url}/Act2 return failed: {Reply.Refusal.Body} FAILURE"), Told(busi, 0));
    }

    [Theory]
    [InlineData("""{"heard":"the rollback_reason was FAILURE"}""")]
    [InlineData("""{"queue":"ONGOING"}""")]
    [InlineData("")]
    public async Task Whatever_a_receiver_says_with_200_it_has_heard(string body)
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Notice", new Reply(200, body));
        await Dtm.Accept(Notified(gid, busi));

        Assert.Equal(1, (int?)(await Delivered(Dtm, gid))["attempts"]);
    }

    [Fact]
    public async Task It_is_told_again_until_it_is_answered_with_200()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Notice", Reply.Error, Reply.Refusal, Reply.Ongoing, new Reply(204), Reply.Success);
        await Dtm.Accept(Notified(gid, busi).With("retry_interval", 0.05));

        var notice = await Delivered(Dtm, gid);

        Assert.Equal((5, "HTTP status 204: "), ((int)notice["attempts"]!, (string?)notice["last_error"]));
        Assert.Single(busi.On("/Notice").Select(static c => c.Body).Distinct());
        Assert.Equal("succeed", (string?)(await Dtm.Transaction(gid))?["status"]);
    }

    [Fact]
    public async Task A_waiting_submitter_does_not_wait_for_the_receiver()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var gate = new Gate();
        busi.On("/Notice", Reply.Success.After(gate));

        var answer = await Dtm.Submit(Notified(gid, busi).With("wait_result", true));

        Assert.True(answer is { Status: 200, Result: "SUCCESS" }, $"{answer.Status}: {answer.Text}");
        Assert.Equal("prepared", (string?)(await Dtm.Transaction(gid))?["notice"]?["status"]);
        gate.Open();
        await Delivered(Dtm, gid);
    }

    [Fact]
    public async Task A_stop_by_force_is_told_too()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Error);
        await Dtm.Accept(Notified(gid, busi).With("retry_interval", 300));
        await Dtm.UntilWaiting(gid);
        Assert.Null((await Dtm.Transaction(gid))?["notice"]);

        await Dtm.Post("forceStop", new JsonObject { ["gid"] = gid });

        await Delivered(Dtm, gid);
        Assert.Equal("failed", Told(busi, 0).Status);
    }

    [Theory]
    [InlineData("nowhere")]
    [InlineData("ftp://busi/notice")]
    [InlineData("http://")]
    [InlineData("bank:80/pkg.Service/Method")]
    public async Task A_url_that_cannot_be_told_is_refused(string url)
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();

        var answer = await Dtm.Submit(SagaBody.Of(gid, busi).With("callback_url", url).With("protocol", "grpc"));

        Assert.True(answer is { Status: 400, Result: "FAILURE" }, $"{answer.Status}: {answer.Text}");
        Assert.Contains("callback_url", answer.Message, StringComparison.Ordinal);
        Assert.Null(await Dtm.Transaction(gid));
    }

    internal static JsonObject Notified(string gid, Participant busi, string path = "/Notice") =>
        SagaBody.Of(gid, busi).With("callback_url", busi.Url + path);

    /// <summary>Returns the notice from a query once it is delivered.</summary>
    internal static async Task<JsonNode> Delivered(Dtm dtm, string gid)
    {
        JsonNode? last = null;
        await Poll.Until(
            async () => (string?)(last = (await dtm.Transaction(gid))?["notice"])?["status"] == "succeed",
            Poll.Patience,
            () => $"the notice of {gid} is {last?.ToJsonString() ?? "not there"}",
            TestContext.Current.CancellationToken);
        return last!;
    }

    private static (string? Gid, string? Type, string? Status, string? Reason) Told(Participant busi, int nth)
    {
        var body = JsonNode.Parse(busi.On("/Notice")[nth].Body)!;
        return (
            (string?)body["gid"],
            (string?)body["trans_type"],
            (string?)body["status"],
            (string?)body["rollback_reason"]);
    }
}

using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>
/// A saga from outside: the requests to its branches, their order, and the interpretation of their responses.
/// </summary>
[Collection(SharedServer.Name)]
public sealed class SagaApiTests(RunningServer running)
{
    private Dtm Dtm => running.Dtm;

    [Fact]
    public async Task Branch_headers_may_hold_any_letter()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();

        await running.Dtm.Accept(
            SagaBody.Of(gid, busi).With("branch_headers", new JsonObject { ["x-user"] = "Jos\u00e9 \u674e" }));
        await running.Dtm.Until("succeed", gid);

        Assert.Equal(["/Act1", "/Act2"], busi.Paths);
    }

    [Fact]
    public async Task A_step_of_a_concurrent_saga_starts_only_after_all_its_predecessors_answered()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        Gate first = new(), second = new();
        busi.On("/Act1", Reply.Success.After(first));
        busi.On("/Act2", Reply.Success.After(second));
        await Dtm.Accept(SagaBody.Of(gid, busi, 3)
            .With("concurrent", true)
            .With("custom_data", """{"concurrent":true,"orders":{"2":[0,1]}}"""));
        // The calls are concurrent: neither was answered yet.
        await Task.WhenAll(busi.Called("/Act1"), busi.Called("/Act2"));

        first.Open();
        await UntilBranch(gid, "01", "succeed");
        Assert.Empty(busi.On("/Act3"));
        var opened = busi.Now;
        second.Open();

        Assert.True((await busi.Called("/Act3")).At > opened);
        await Dtm.Until("succeed", gid);
        Assert.Equal(3, busi.Calls.Count);
    }

    [Fact]
    public async Task A_concurrent_saga_without_orders_calls_all_steps_side_by_side()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var gate = new Gate();
        foreach (var path in new[] { "/Act1", "/Act2", "/Act3" })
        {
            busi.On(path, Reply.Success.After(gate));
        }

        await Dtm.Accept(SagaBody.Of(gid, busi, 3)
            .With("concurrent", true)
            .With("custom_data", """{"concurrent":true,"orders":{}}"""));
        await Task.WhenAll(busi.Called("/Act1"), busi.Called("/Act2"), busi.Called("/Act3"));

        gate.Open();
        await Dtm.Until("succeed", gid);
        Assert.Equal(3, busi.Calls.Count);
    }

    [Fact]
    public async Task A_200_with_FAILURE_in_its_body_fails_and_the_reason_tells_who_said_what()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act2", new Reply(200, """{"dtm_result":"FAILURE","why":"no money"}"""));

        await Dtm.Accept(SagaBody.Of(gid, busi));

        var reason = (string?)(await Dtm.Until("failed", gid))["rollback_reason"];
        Assert.Equal(
            $$"""url:{{busi.Url}}/Act2 return failed: {"dtm_result":"FAILURE","why":"no money"} FAILURE""", reason);
        Assert.Equal(["/Act1", "/Act2", "/Comp2", "/Comp1"], busi.Paths);
    }

    [Theory]
    [InlineData(200, "ONGOING and FAILURE")]
    [InlineData(409, "ONGOING")]
    public async Task ONGOING_in_a_body_wins_over_everything(int status, string body)
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act2", new Reply(status, body), Reply.Success);

        await Dtm.Accept(SagaBody.Of(gid, busi));

        await Dtm.Until("succeed", gid);
        Assert.Equal(["/Act1", "/Act2", "/Act2"], busi.Paths);
    }

    [Fact]
    public async Task The_first_step_that_fails_keeps_the_later_ones_from_being_called()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Refusal);

        await Dtm.Accept(SagaBody.Of(gid, busi, 3));

        await Dtm.Until("failed", gid);
        Assert.Equal(["/Act1", "/Comp1"], busi.Paths);
    }

    [Fact]
    public async Task A_compensation_is_retried_until_it_succeeds_whatever_it_answers()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act2", Reply.Refusal);
        busi.On("/Comp2", Reply.Refusal, Reply.Error, Reply.Success);

        await Dtm.Accept(SagaBody.Of(gid, busi));

        await Dtm.Until("failed", gid);
        Assert.Equal(["/Act1", "/Act2", "/Comp2", "/Comp2", "/Comp2", "/Comp1"], busi.Paths);
    }

    [Fact]
    public async Task Branch_headers_arrive_with_every_call()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act2", Reply.Refusal);

        await Dtm.Accept(SagaBody.Of(gid, busi).With(
            "branch_headers", new JsonObject { ["x-tenant"] = "blue", ["x-trace"] = "a b; c=1" }));

        await Dtm.Until("failed", gid);
        Assert.Equal(4, busi.Calls.Count);
        Assert.All(
            busi.Calls, static c => Assert.Equal(("blue", "a b; c=1"), (c.Headers["x-tenant"], c.Headers["x-trace"])));
    }

    [Fact]
    public async Task An_empty_payload_is_sent_with_GET()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();

        await Dtm.Accept(SagaBody.Of(gid, busi).With("payloads", new JsonArray("", """{"amount":31}""")));

        await Dtm.Until("succeed", gid);
        Assert.Equal([("GET", ""), ("POST", """{"amount":31}""")], busi.Calls.Select(static c => (c.Method, c.Body)));
    }

    [Fact]
    public async Task A_URL_keeps_its_own_query_and_gets_the_coordinators_added()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var body = SagaBody.Of(gid, busi, 1);
        body["steps"]![0]!["action"] = busi.Url + "/Act1?tenant=7&name=a%20b%26c&empty=";

        await Dtm.Accept(body);

        await Dtm.Until("succeed", gid);
        var query = Assert.Single(busi.Calls).Query;
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["tenant"] = "7",
                ["name"] = "a b&c",
                ["empty"] = "",
                ["gid"] = gid,
                ["trans_type"] = "saga",
                ["branch_id"] = "01",
                ["op"] = "action",
            },
            query);
    }

    [Fact]
    public async Task A_payload_arrives_byte_for_byte()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        const string Payload = " {\"name\" : \"Żółć 😀\",\r\n\"n\":1.0} ";

        await Dtm.Accept(SagaBody.Of(gid, busi, 1).With("payloads", new JsonArray(Payload)));

        await Dtm.Until("succeed", gid);
        Assert.Equal(Payload, Assert.Single(busi.Calls).Body);
    }

    [Fact]
    public async Task Gids_that_differ_in_case_are_two_transactions()
    {
        await using var busi = await Participant.Start();
        var lower = SagaBody.NewGid() + "x";
        var upper = lower.ToUpperInvariant();
        busi.On("/Act2", Reply.Refusal, Reply.Success);

        await Dtm.Accept(SagaBody.Of(lower, busi));
        await Dtm.Until("failed", lower);
        await Dtm.Accept(SagaBody.Of(upper, busi));
        await Dtm.Until("succeed", upper);

        Assert.Equal("failed", (string?)(await Dtm.Transaction(lower))?["status"]);
        Assert.Equal(lower, (string?)(await Dtm.Transaction(lower))?["gid"]);
        Assert.Equal(upper, (string?)(await Dtm.Transaction(upper))?["gid"]);
        Assert.Equal(4, busi.Calls.Count(c => c.Gid == lower));
        Assert.Equal(2, busi.Calls.Count(c => c.Gid == upper));
    }

    private Task UntilBranch(string gid, string branch, string status) => Poll.Until(
        async () => (await Dtm.Query(gid))["branches"]!.AsArray().Any(b =>
            (string?)b!["branch_id"] == branch && (string?)b["op"] == "action" && (string?)b["status"] == status),
        Poll.Patience,
        () => $"branch {branch} of {gid} is not {status}",
        TestContext.Current.CancellationToken);
}

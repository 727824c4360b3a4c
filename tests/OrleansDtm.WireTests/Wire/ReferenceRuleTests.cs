using System.Net;
using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>Rules of the reference that the recordings do not show, or not completely.</summary>
[Collection(SharedServer.Name)]
public sealed class ReferenceRuleTests(RunningServer running)
{
    private Dtm Dtm => running.Dtm;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_delay_that_only_the_submit_names_counts_from_the_submit()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        await Ok("prepare", PatternBodies.Msg(gid, busi));
        await Poll.Settle(TimeSpan.FromSeconds(0.6), Cancel);
        var before = busi.Now;

        await Ok("submit", PatternBodies.Msg(gid, busi).With("Custom_Data", """{"delay":60,"Delay":0.7}"""));
        var called = await busi.Called("/Act1");

        Assert.InRange(called.At - before, TimeSpan.FromSeconds(0.7), TimeSpan.FromSeconds(20));
        Assert.Equal("""{"delay":60,"Delay":0.7}""", (string?)(await Dtm.Transaction(gid))?["custom_data"]);
    }

    [Fact]
    public async Task A_submit_that_names_nothing_waits_as_its_prepare_said_and_one_that_says_no_does_not()
    {
        await using var busi = await Participant.Start();
        var (waits, hurries) = (SagaBody.NewGid(), SagaBody.NewGid());
        var gate = new Gate();
        busi.On("/Act2", Reply.Success, Reply.Success.After(gate));
        foreach (var gid in new[] { waits, hurries })
        {
            await Ok("prepare", PatternBodies.Msg(gid, busi).With("wait_result", true));
        }

        await Ok("submit", PatternBodies.Of(waits, "msg"));
        Assert.Equal("succeed", (string?)(await Dtm.Transaction(waits))?["status"]);
        await Ok("submit", PatternBodies.Of(hurries, "msg").With("wait_result", false));
        Assert.Equal("submitted", (string?)(await Dtm.Transaction(hurries))?["status"]);
        gate.Open();
        await Dtm.Until("succeed", hurries);
    }

    [Fact]
    public async Task A_submit_whose_prepare_said_that_it_waits_is_told_that_it_goes_on()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Error);
        await Ok("prepare", PatternBodies.Msg(gid, busi).With("wait_result", true).With("retry_interval", 300));

        var answer = await Dtm.Submit(PatternBodies.Of(gid, "msg"));

        Assert.True(answer is { Status: 425, Result: "ONGOING" }, $"{answer.Status}: {answer.Text}");
        await Dtm.Post("forceStop", new JsonObject { ["gid"] = gid });
    }

    [Fact]
    public async Task An_abort_whose_rollback_needs_a_retry_says_that_it_goes_on()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Xa1", Reply.Error, Reply.Success);
        await Ok("prepare", PatternBodies.Of(gid, "xa").With("wait_result", true));
        await Ok("registerBranch", PatternBodies.XaBranch(gid, busi, 1));

        var answer = await Dtm.Post("abort", PatternBodies.Of(gid, "xa").With("rollback_reason", "why"));

        Assert.True(answer is { Status: 425, Result: "ONGOING" }, $"{answer.Status}: {answer.Text}");
        await Dtm.Until("failed", gid);
        await Ok("abort", PatternBodies.Of(gid, "xa"));
    }

    [Fact]
    public async Task Numbers_beyond_the_largest_count_as_the_largest()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        await Dtm.Accept(SagaBody.Of(gid, busi)
            .With("timeout_to_fail", 1_000_000_000_000).With("retry_interval", 1e300).With("request_timeout", 1e9).With(
                "retry_limit", long.MaxValue));
        var options = JsonNode.Parse((string)(await Dtm.Until("succeed", gid))["options"]!)!;
        Assert.Equal(
            (366 * 86400, 7 * 86400, 86400, 1_000_000),
            (
                (int)options["timeout_to_fail"]!,
                (int)options["retry_interval"]!,
                (int)options["request_timeout"]!,
                (int)options["retry_limit"]!));
        await Ok("submit", PatternBodies.Msg(SagaBody.NewGid(), busi).With("custom_data", """{"delay":1e12}"""));

        foreach (var query in (string[])[
            "all?limit=5000", "all?limit=99999999999999999999", "scanKV?cat=topics&limit=5000",
        ])
        {
            Assert.Equal(200, (await Dtm.Get(query)).Status);
        }
    }

    [Fact]
    public async Task Headers_of_the_connection_and_without_a_value_are_left_out()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        await Dtm.Accept(SagaBody.Of(gid, busi).With("branch_headers", new JsonObject
        {
            ["Connection"] = "close",
            ["content-length"] = "3",
            ["Keep-Alive"] = "x",
            ["TE"] = "trailers",
            ["Upgrade"] = "h2c",
            ["Expect"] = "100-continue",
            ["Trailer"] = "x",
            ["Transfer-Encoding"] = "chunked",
            ["x-none"] = null,
            ["x-tenant"] = "a",
        }));
        await Dtm.Until("succeed", gid);

        Assert.All(
            busi.Calls,
            static call => Assert.Equal(("a", false), (call.Headers["x-tenant"], call.Headers.ContainsKey("x-none"))));
        var options = JsonNode.Parse((string)(await Dtm.Transaction(gid))!["options"]!)!;
        Assert.Equal(["x-tenant"], options["branch_headers"]!.AsObject().Select(static h => h.Key));
    }

    [Fact]
    public async Task ResetNextCronTime_asks_about_a_prepared_message_now()
    {
        await using var busi = await Participant.Start();
        var (msg, workflow) = (SagaBody.NewGid(), SagaBody.NewGid());
        await Ok("prepare", PatternBodies.Msg(msg, busi));
        var prepared = await Dtm.Post(
            "prepareWorkflow",
            PatternBodies.Workflow(workflow, busi).With("timeout_to_fail", 7).With("retry_interval", 300));
        Assert.Equal(7, (int?)prepared.Json?["transaction"]?["timeout_to_fail"]);

        await Ok("resetNextCronTime", new JsonObject { ["gid"] = msg });
        await Dtm.Until("succeed", msg);
        await Ok("resetNextCronTime", new JsonObject { ["gid"] = workflow });
        await busi.Called("/Resume");
        await Ok("submit", PatternBodies.WorkflowEnd(workflow, "succeed"));
        Assert.Equal(1, busi.Paths.Count(static p => p == "/Query"));
    }

    [Fact]
    public async Task Keys_of_a_registration_and_of_a_workflows_end_are_read_in_any_case()
    {
        await using var busi = await Participant.Start();
        var (tcc, workflow) = (SagaBody.NewGid(), SagaBody.NewGid());
        await Ok("prepare", new JsonObject { ["Gid"] = tcc, ["TRANS_TYPE"] = "tcc" });
        await Ok("registerBranch", new JsonObject
        {
            ["Gid"] = tcc,
            ["Trans_Type"] = "tcc",
            ["Branch_Id"] = "01",
            ["Confirm"] = busi.Url + "/Confirm1",
            ["CANCEL"] = busi.Url + "/Cancel1",
        });
        await Ok("submit", PatternBodies.Of(tcc, "tcc").With("Wait_Result", true));
        Assert.Equal(["/Confirm1"], busi.Paths);
        Assert.Equal(200, (await Dtm.Post("prepareWorkflow", PatternBodies.Workflow(workflow, busi))).Status);
        await Ok("submit", PatternBodies.Of(workflow, "workflow").With(
            "Req_Extra", new JsonObject { ["Status"] = "succeed", ["Result"] = "r" }));
        Assert.Equal("r", (string?)(await Dtm.Transaction(workflow))?["result"]);
    }

    [Theory]
    [InlineData("g-1", "g-1")]
    [InlineData("a%20b%2Fc%3F%23%26", "a%20b%2Fc%3F%23%26")]
    [InlineData("%3Cscript%3E", "%3Cscript%3E")]
    public async Task A_link_to_DTMs_page_of_a_transaction_leads_to_ours(string gid, string shown)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var answer = await http.GetAsync(
            $"{running.Process.Url}/admin/global-transactions/detail/{gid}?x=1", Cancel);

        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        Assert.Equal($"/#/transaction?gid={shown}", answer.Headers.Location!.OriginalString);
    }

    private async Task Ok(string api, JsonObject body)
    {
        var answer = await Dtm.Post(api, body);
        Assert.True(answer is { Status: 200, Result: "SUCCESS" }, $"{api} answered {answer.Status}: {answer.Text}");
    }
}

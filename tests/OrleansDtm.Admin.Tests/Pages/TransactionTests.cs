using System.Text.Json.Nodes;
using Microsoft.Playwright;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>The page of one transaction.</summary>
public sealed class TransactionTests(AdminStage stage)
{
    [Fact]
    public async Task A_saga_that_was_rolled_back_shows_its_course_its_attempts_and_why()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Ongoing, Reply.Success);
        busi.On("/Act3", Reply.Refusal);
        await stage.Server.Accept("submit", SagaBody.Of(gid, busi, 3).With("retry_interval", 0.05));
        await stage.Server.UntilStatus(gid, "failed");
        await using var visit = await stage.Visit("/transaction?gid=" + gid);

        await Expect(visit.Main.Locator("h1")).ToContainTextAsync(gid);
        await Expect(visit.Main.Locator(".banner").First).ToContainTextAsync("balance too low");
        await Expect(visit.Main.Locator(".node")).ToHaveCountAsync(3);
        await Expect(visit.Main.Locator(".edge")).ToHaveCountAsync(2);
        await Expect(visit.Main.Locator(".node").First).ToContainTextAsync("compensate");
        await Expect(visit.Main.Locator(".node").Nth(2)).ToHaveAccessibleNameAsync(
            $"Branch 03: action failed, compensate succeed. {busi.Url}/Act3. Show it below");
        var entries = visit.Main.Locator(".timeline > li");
        await Expect(entries).ToHaveCountAsync(9); // Stored, four actions, three compensations, ended.
        await Expect(entries.Nth(1)).ToContainTextAsync("01 action ongoing");
        await Expect(entries.Nth(2)).ToContainTextAsync("attempt 2");
        await Expect(entries.Nth(4)).ToContainTextAsync("03 action failed");
        await Expect(entries.Nth(4)).ToContainTextAsync("balance too low");
        await Expect(entries.Nth(8)).ToContainTextAsync("Finished failed");
        await Expect(visit.Button("Force stop")).ToHaveCountAsync(0);
        await visit.Shot("transaction-failed");
    }

    [Fact]
    public async Task Payloads_are_pretty_and_the_raw_JSON_is_that_of_query()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var body = SagaBody.Of(gid, busi, 2).With("wait_result", true);
        body["payloads"] = new JsonArray("""{"amount":30,"to":{"name":"Zoë"}}""", "no JSON");
        await stage.Server.Accept("submit", body);
        await using var visit = await stage.Visit("/transaction?gid=" + gid);

        await visit.Main.Locator(".node").First.PressAsync("Enter");
        await Expect(visit.Main.Locator(".payload pre")).ToHaveTextAsync(
            "{\n  \"amount\": 30,\n  \"to\": {\n    \"name\": \"Zoë\"\n  }\n}");
        await Expect(visit.Page.GetByRole(AriaRole.Button, new() { Name = "01 compensate" })).ToHaveAttributeAsync(
            "aria-expanded", "false");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "02 action" }).ClickAsync();
        await Expect(visit.Main.Locator(".payload pre").Last).ToHaveTextAsync("no JSON");
        await visit.Main.Locator("summary", new() { HasText = "Raw JSON" }).ClickAsync();
        var raw = visit.Main.Locator("details pre");
        await Expect(raw).ToContainTextAsync("\"trans_type\": \"saga\"");
        Assert.Equal(
            (await stage.Server.Query(gid)).ToJsonString(), JsonNode.Parse(await raw.InnerTextAsync())!.ToJsonString());
        await visit.Shot("transaction-succeed");
    }

    [Fact]
    public async Task What_an_action_answered_is_below_its_payload()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", new Reply(200, """{"id":"r-7","note":"<b>Zoë</b>"}"""));
        await stage.Server.Accept(
            "submit", SagaBody.Of(gid, busi).With("results", true).With("wait_result", true));
        await using var visit = await stage.Visit("/transaction?gid=" + gid);

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "01 action" }).ClickAsync();
        await Expect(visit.Main.Locator(".payload").Nth(1)).ToContainTextAsync("Result, 33 B");
        await Expect(visit.Main.Locator(".payload pre").Nth(1)).ToHaveTextAsync(
            "{\n  \"id\": \"r-7\",\n  \"note\": \"<b>Zoë</b>\"\n}");
        await Expect(visit.Main).ToContainTextAsync("Results");
        await visit.Shot("transaction-results");
    }

    [Fact]
    public async Task Orders_are_drawn_as_a_graph_of_their_own()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act3", Reply.Error);
        await stage.Server.Accept("submit", SagaBody.Of(gid, busi, 5).With(
            "custom_data", """{"concurrent":true,"orders":{"2":[0,1],"3":[0],"4":[2,3]}}"""));
        await stage.Server.UntilWaiting(gid);
        await using var visit = await stage.Visit("/transaction?gid=" + gid);

        await Expect(visit.Main.Locator(".edge")).ToHaveCountAsync(5);
        var x = await visit.Main.Locator(".node").EvaluateAllAsync<float[]>(
            "nodes => nodes.map(node => node.getBoundingClientRect().x)");

        Assert.Equal(x[0], x[1], 1f);
        Assert.True(x[2] > x[0] && x[3] > x[1] && x[4] > x[2], string.Join(' ', x));
        await Expect(visit.Main.Locator(".node").Nth(2)).ToHaveAccessibleNameAsync(
            $"Branch 03: action waiting, compensate not called. {busi.Url}/Act3. Show it below");
        await visit.Shot("transaction-orders");
        await stage.Server.Accept("forceStop", PatternBodies.Of(gid, "saga"));
    }

    [Fact]
    public async Task Every_pattern_has_its_picture()
    {
        await using var busi = await Participant.Start();
        var (tcc, xa, workflow, msg) = (SagaBody.NewGid(), SagaBody.NewGid(), SagaBody.NewGid(), SagaBody.NewGid());
        foreach (var (gid, type, branch) in new[]
        {
            (tcc, "tcc", (Func<string, Participant, int, JsonObject>)PatternBodies.TccBranch),
            (xa, "xa", PatternBodies.XaBranch),
        })
        {
            await stage.Server.Accept("prepare", PatternBodies.Of(gid, type).With("timeout_to_fail", 300));
            await stage.Server.Accept("registerBranch", branch(gid, busi, 1));
            await stage.Server.Accept("registerBranch", branch(gid, busi, 2));
            await stage.Server.Accept("submit", PatternBodies.Of(gid, type).With("wait_result", true));
        }

        await stage.Server.Accept("prepareWorkflow", PatternBodies.Workflow(workflow, busi));
        await stage.Server.Accept("registerBranch", PatternBodies.WorkflowStep(workflow, "01", "first"));
        await stage.Server.Accept("submit", PatternBodies.WorkflowEnd(workflow, "succeed", result: "b2s="));
        await stage.Server.Accept("submit", PatternBodies.Msg(msg, busi, 2).With("wait_result", true));

        await using var visit = await stage.Visit("/transaction?gid=" + tcc);
        await Expect(visit.Main).ToContainTextAsync("start with the branch registered last");
        await Expect(visit.Main.Locator(".node .id").First).ToHaveTextAsync("02");
        await Expect(visit.Main.Locator(".node").First).ToContainTextAsync("confirm");
        await visit.Go("/transaction?gid=" + xa);
        await Expect(visit.Main).ToContainTextAsync("start with the branch registered first");
        await Expect(visit.Main.Locator(".node .id").First).ToHaveTextAsync("01");
        await visit.Go("/transaction?gid=" + workflow);
        await Expect(visit.Main).ToContainTextAsync("in the order in which their results were recorded");
        await Expect(visit.Main).ToContainTextAsync("b2s=");
        await visit.Go("/transaction?gid=" + msg);
        await Expect(visit.Main.Locator(".node")).ToHaveCountAsync(2);
        await Expect(visit.Main).ToContainTextAsync("Calls run one after the other");
    }

    [Fact]
    public async Task It_shows_by_itself_how_it_goes_on()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var gate = new Gate();
        busi.On("/Act1", Reply.Success.After(gate));
        await stage.Server.Accept("submit", SagaBody.Of(gid, busi));
        await busi.Called("/Act1");
        await using var visit = await stage.Visit("/transaction?gid=" + gid);
        await Expect(visit.Main.Locator(".node").First).ToContainTextAsync("calling");

        gate.Open();

        await Expect(visit.Main.Locator(".heading .badge")).ToHaveTextAsync("succeed");
        await Expect(visit.Button("Force stop")).ToHaveCountAsync(0);
    }
}

using System.Diagnostics;
using Microsoft.Playwright;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>Long transactions stay readable, and the page says why one waits and what can be done.</summary>
public sealed class TransactionReadingTests(AdminStage stage)
{
    private static readonly string[] Clipboard = ["clipboard-read", "clipboard-write"];

    [Fact]
    public async Task Attempts_with_the_same_error_are_one_entry()
    {
        await using var busi = await Participant.Start();
        var (gid, gate) = (SagaBody.NewGid(), new Gate());
        busi.On(
            "/Act1", Reply.Ongoing, Reply.Error, Reply.Error, Reply.Error, Reply.Error, Reply.Success.After(gate));
        await stage.Server.Accept("submit", SagaBody.Of(gid, busi, 1).With("retry_interval", 0.1));
        await busi.Called("/Act1", 6);
        await using var visit = await stage.Visit("/transaction?gid=" + gid);

        var entries = visit.Main.Locator(".timeline > li");
        await Expect(entries).ToHaveCountAsync(3); // Stored, ongoing, the errors.
        await Expect(entries.Nth(2)).ToContainTextAsync("unknown × 4");
        await Expect(entries.Nth(2)).ToContainTextAsync("attempts 2 to 5, first ");
        await Expect(entries.Nth(2)).ToContainTextAsync("HTTP status 500");
        var why = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Why it is waiting" });
        await Expect(why).ToContainTextAsync(
            $"It waits for the answer of 01 action of {new Uri(busi.Url).Authority}, called ");
        await visit.Button("Show all 4").ClickAsync();
        await Expect(visit.Main.Locator(".each li")).ToHaveCountAsync(4);
        await Expect(visit.Main.Locator(".each li").Nth(3)).ToContainTextAsync("attempt 5");
        await visit.Shot("transaction-attempts");

        gate.Open();
        await Expect(visit.Main.Locator(".heading .badge")).ToHaveTextAsync("succeed");
        await Expect(visit.Main.Locator(".each li")).ToHaveCountAsync(4); // It stays expanded.
        await Expect(why).ToHaveCountAsync(0);
    }

    /// <summary>
    /// Options of the submit that differ from those of the prepare are in force, and easily overlooked.
    /// </summary>
    [Fact]
    public async Task What_the_submit_changed_after_the_prepare_stands_beside_what_was_prepared()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        await stage.Server.Accept("prepare", PatternBodies.Msg(gid, busi, 1).With("request_timeout", 7));
        await stage.Server.Accept("submit", PatternBodies.Msg(gid, busi, 1).With("request_timeout", 9)
            .With("custom_data", "{\"delay\":3600}"));
        await using var visit = await stage.Visit("/transaction?gid=" + gid);

        var changes = visit.Main.Locator(".changes tbody tr");
        await Expect(changes).ToHaveCountAsync(3);
        await Expect(changes.Nth(0)).ToContainTextAsync("request_timeout79");
        await Expect(changes.Nth(1)).ToContainTextAsync("delay03600");
        await Expect(changes.Nth(2)).ToContainTextAsync("custom_datanot set{");
        await visit.Shot("transaction-changes");
        await stage.Server.Accept("forceStop", PatternBodies.Of(gid, "msg"));

        var same = SagaBody.NewGid();
        await stage.Server.Accept("prepare", PatternBodies.Msg(same, busi, 1).With("request_timeout", 7));
        await stage.Server.Accept("submit", PatternBodies.Msg(same, busi, 1).With("request_timeout", 7));
        await visit.Go("/transaction?gid=" + same);
        await Expect(visit.Main).ToContainTextAsync(same);
        await Expect(changes).ToHaveCountAsync(0);
    }

    [Theory]
    [InlineData(1200, ColorScheme.Light)]
    [InlineData(1200, ColorScheme.Dark)]
    [InlineData(390, ColorScheme.Light)]
    public async Task Eighty_steps_fit_into_a_few_lines_and_each_can_be_reached(int width, ColorScheme scheme)
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act57", Reply.Error);
        await stage.Server.Accept("submit", SagaBody.Of(gid, busi, 80));
        await stage.Server.UntilWaiting(gid);
        await using var visit = await stage.Visit(
            "/transaction?gid=" + gid,
            new() { ViewportSize = new() { Width = width, Height = 900 }, ColorScheme = scheme });

        await Expect(visit.Main.Locator(".graph .node")).ToHaveCountAsync(3);
        await Expect(visit.Main).ToContainTextAsync("80 branches: 56 succeed, 1 waiting, 23 not called.");
        await Expect(visit.Main.Locator(".calls > li")).ToHaveCountAsync(4); // Two groups, two calls of branch 57.
        await Expect(visit.Main.Locator(".calls .group").First).ToContainTextAsync("01 … 56");
        await Expect(visit.Main.Locator(".calls .group").Last).ToContainTextAsync("23 branches");
        await Expect(visit.Main.Locator(".timeline > li")).ToHaveCountAsync(4); // Stored, successes, the error, next.
        await Expect(visit.Main.Locator(".timeline .repeated")).ToContainTextAsync("succeeded × 56");
        Assert.Equal(width, await visit.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        Assert.Empty(await visit.Page.EvaluateAsync<string[]>(LookTests.Pale));
        await visit.Shot($"transaction-80-{width}-{scheme}".ToLowerInvariant());

        await visit.Main.Locator(".graph .node").First.PressAsync("Enter");
        await Expect(visit.Main.Locator(".graph .node")).ToHaveCountAsync(80);
        await Expect(visit.Main.Locator(".graph .edge")).ToHaveCountAsync(79);
        await visit.Main.Locator(".graph .node").Nth(29).PressAsync("Enter");
        await Expect(visit.Page.GetByRole(AriaRole.Button, new() { Name = "30 action" })).ToBeFocusedAsync();
        await Expect(visit.Main.Locator(".payload pre")).ToContainTextAsync("59");
        await visit.Button("Fold the graph").ClickAsync();
        await Expect(visit.Main.Locator(".graph .node")).ToHaveCountAsync(3);
        await stage.Server.Accept("forceStop", PatternBodies.Of(gid, "saga"));
    }

    [Fact]
    public async Task A_large_graph_with_orders_is_drawn_on_request()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var orders = string.Join(",", Enumerable.Range(2, 28).Select(static i => $"\"{i}\":[{i / 2}]"));
        await stage.Server.Accept("submit", SagaBody.Of(gid, busi, 30)
            .With("custom_data", "{\"concurrent\":true,\"orders\":{" + orders + "}}")
            .With("wait_result", true));
        await using var visit = await stage.Visit("/transaction?gid=" + gid);

        await Expect(visit.Main).ToContainTextAsync("30 branches: 30 succeed.");
        await Expect(visit.Main.Locator(".graph")).ToHaveCountAsync(0);
        await visit.Button("Show the graph").ClickAsync();
        await Expect(visit.Main.Locator(".graph .node")).ToHaveCountAsync(30);
        await visit.Shot("transaction-30-orders");
    }

    [Fact]
    public async Task Why_it_waits_names_the_service_and_leads_to_all_that_wait_for_it()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Error);
        busi.On("/Act2", Reply.Error);
        await stage.Server.Accept("submit", SagaBody.Of(gid, busi).With("custom_data", """{"concurrent":true}"""));
        await stage.Server.UntilWaiting(gid, 2);
        await using var visit = await stage.Visit("/transaction?gid=" + gid);
        var host = new Uri(busi.Url).Authority;

        var why = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Why it is waiting" });
        await Expect(why).ToContainTextAsync(
            new System.Text.RegularExpressions.Regex(
                $@"0[12] action of {host} did not succeed in 1 attempt since .*; next attempt in .*; "
                + "1 other call waits too\\."));
        await Expect(why).ToContainTextAsync("retry it now after a repair");
        await Expect(why).ToContainTextAsync("Last error: HTTP status 500");
        await visit.Shot("transaction-why");
        await why.GetByRole(AriaRole.Link).ClickAsync();

        await Expect(visit.Page).ToHaveURLAsync(
            $"{stage.Server.Url}/#/transactions?host={Uri.EscapeDataString(host)}&status=submitted");
        await Expect(visit.Main.Locator("tbody tr", new() { HasText = gid })).ToBeVisibleAsync();
        await stage.Server.Accept("forceStop", PatternBodies.Of(gid, "saga"));
    }

    [Fact]
    public async Task A_call_that_is_put_aside_is_resolved_with_a_reason()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act2", Reply.Refusal);
        busi.On("/Comp1", Reply.Error);
        await stage.Server.Accept(
            "submit", SagaBody.Of(gid, busi).With("retry_interval", 0.1).With("give_up_after", 2));
        await busi.Called("/Comp1", 2);
        await using var visit = await stage.Visit("/transaction?gid=" + gid);

        var why = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Why it is waiting" });
        await Expect(why).ToContainTextAsync("Rolling back: 01 compensate of ");
        await Expect(why).ToContainTextAsync("is put aside after 2 attempts without success since ");
        await Expect(why).ToContainTextAsync("Repair the service, then retry the call.");
        await visit.Shot("transaction-parked");
        await visit.Button("Resolve 01 compensate").ClickAsync();
        await visit.Dialog.GetByRole(AriaRole.Button, new() { Name = "Resolve" }).ClickAsync();
        await Expect(visit.Dialog.GetByLabel("Reason")).ToBeFocusedAsync(); // It is required.
        await visit.Dialog.GetByLabel("Reason").FillAsync("refunded by hand, ticket 17");
        await visit.Shot("dialog-resolve");
        await visit.Dialog.GetByRole(AriaRole.Button, new() { Name = "Resolve" }).ClickAsync();

        await Expect(visit.Main.Locator(".heading .badge").First).ToHaveTextAsync("failed");
        await Expect(visit.Main).ToContainTextAsync("resolved by hand: refunded by hand, ticket 17");
        await Expect(why).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task The_copied_command_submits_it_once_more()
    {
        await using var busi = await Participant.Start();
        var (gid, again) = (SagaBody.NewGid(), SagaBody.NewGid());
        var body = SagaBody.Of(gid, busi)
            .With("tags", new System.Text.Json.Nodes.JsonObject { ["who"] = "O'Neill" })
            .With("branch_headers", new System.Text.Json.Nodes.JsonObject { ["x-shop"] = "7" })
            .With("wait_result", true);
        body["steps"]![0]!["retry_limit"] = 3;
        body["payloads"]![0] = """{"name":"it's $HOME and 'more'"}""";
        await stage.Server.Accept("submit", body);
        await using var visit = await stage.Visit("/transaction?gid=" + gid, new() { Permissions = Clipboard });

        await visit.Button("Copy as curl").ClickAsync();
        await Expect(visit.Page.Locator(".toast")).ToContainTextAsync("Copied. Change the gid");
        var command = await visit.Page.EvaluateAsync<string>("navigator.clipboard.readText()");

        using var shell = Process.Start(new ProcessStartInfo("bash")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        await shell.StandardInput.WriteAsync(command.Replace(gid, again, StringComparison.Ordinal));
        shell.StandardInput.Close();
        Assert.Equal(
            """{"dtm_result":"SUCCESS"}""",
            await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
        await stage.Server.UntilStatus(again, "succeed");
        Assert.Equal(4, busi.Calls.Count);
        Assert.Equal(busi.Calls[0].Body, busi.Calls[2].Body);
        Assert.Equal("7", busi.Calls[2].Headers["x-shop"]);
        var (first, second) = (await stage.Server.Query(gid), await stage.Server.Query(again));
        Assert.Equal(
            first["transaction"]!["tags"]!.ToJsonString(), second["transaction"]!["tags"]!.ToJsonString());
        Assert.Equal(
            first["branches"]![1]!["policy"]!.ToJsonString(), second["branches"]![1]!["policy"]!.ToJsonString());
    }

    [Fact]
    public async Task A_tcc_is_copied_as_its_requests_and_a_workflow_is_not()
    {
        await using var busi = await Participant.Start();
        var (tcc, workflow) = (SagaBody.NewGid(), SagaBody.NewGid());
        await stage.Server.Accept("prepare", PatternBodies.Of(tcc, "tcc"));
        await stage.Server.Accept("registerBranch", PatternBodies.TccBranch(tcc, busi, 1));
        await stage.Server.Accept("submit", PatternBodies.Of(tcc, "tcc").With("wait_result", true));
        await stage.Server.Accept("prepareWorkflow", PatternBodies.Workflow(workflow, busi));
        await stage.Server.Accept("submit", PatternBodies.WorkflowEnd(workflow, "succeed"));
        await using var visit = await stage.Visit("/transaction?gid=" + tcc, new() { Permissions = Clipboard });

        await visit.Button("Copy as curl").ClickAsync();
        await Expect(visit.Page.Locator(".toast")).ToContainTextAsync("Copied.");
        var command = await visit.Page.EvaluateAsync<string>("navigator.clipboard.readText()");
        Assert.Equal(
            ["prepare", "registerBranch", "submit"],
            command.Split("/api/dtmsvr/")[1..].Select(static part => part.Split('\'')[0]));
        Assert.Contains($"\"confirm\":\"{busi.Url}/Confirm1\"", command, StringComparison.Ordinal);

        await visit.Go("/transaction?gid=" + workflow);
        await Expect(visit.Main.Locator("h1")).ToContainTextAsync(workflow);
        await visit.Button("Copy as curl").ClickAsync();
        await Expect(visit.Page.Locator(".toast").Last).ToContainTextAsync("start it again from its SDK");
    }

    [Fact]
    public async Task The_trace_is_a_link_if_its_address_is_set()
    {
        const string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        await using var server = await AdminServer.Start("--Admin:TraceUrl=https://traces.example/trace/{traceid}?x=1");
        var gid = SagaBody.NewGid();
        using (var request = new HttpRequestMessage(HttpMethod.Post, $"{server.Url}/api/dtmsvr/submit"))
        {
            request.Headers.Add("traceparent", $"00-{trace}-00f067aa0ba902b7-01");
            request.Content = new StringContent(
                $$"""{"gid":"{{gid}}","trans_type":"saga","steps":[{"action":""}],"payloads":[""]}""");
            using var answer = await server.Send(request);
            Assert.True(answer.IsSuccessStatusCode);
        }

        await using var visit = await stage.VisitAt($"{server.Url}/#/transaction?gid={gid}");

        var link = visit.Page.GetByRole(AriaRole.Link, new() { Name = trace });
        await Expect(link).ToHaveAttributeAsync("href", $"https://traces.example/trace/{trace}?x=1");
        await Expect(link).ToHaveAttributeAsync("rel", "noopener noreferrer");
    }
}

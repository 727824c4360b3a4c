using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>The same operation on many transactions: selection, count, confirmation, progress, stop.</summary>
public sealed class JobTests(AdminStage stage)
{
    [Fact]
    public async Task The_selected_ones_are_retried_and_no_others()
    {
        await using var busi = await Participant.Start();
        var shop = SagaBody.NewGid();
        var gids = await Stuck(stage.Server, busi, shop, 3);
        await using var visit = await stage.Visit($"/transactions?tag=shop:{shop}");
        await Expect(visit.Button("Retry")).ToBeDisabledAsync();
        await Box(visit, gids[0]).CheckAsync();
        await Box(visit, gids[2]).CheckAsync();
        await Expect(visit.Main).ToContainTextAsync("2 selected");
        await visit.Shot("jobs-selected");

        await visit.Button("Retry").ClickAsync();
        await Expect(visit.Dialog).ToContainTextAsync("2 unfinished transactions");
        await Expect(visit.Dialog).ToContainTextAsync(gids[0]);
        await visit.Shot("jobs-dialog");
        await Confirm(visit, "Retry").ClickAsync();
        await Expect(visit.Dialog).ToHaveCountAsync(0);
        await Expect(Row(visit, gids[0])).ToContainTextAsync("succeed");
        await Expect(Row(visit, gids[2])).ToContainTextAsync("succeed");
        await Expect(Row(visit, gids[1])).ToContainTextAsync("submitted");
        var job = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Jobs" })
            .Locator("li", new() { HasText = "2 selected" });
        await Expect(job.First).ToContainTextAsync("2 changed");
        await Expect(Box(visit, gids[0])).ToBeDisabledAsync();
        Assert.Single(busi.On("/" + gids[1]));
    }

    [Fact]
    public async Task Resolve_and_force_stop_ask_for_a_reason()
    {
        await using var busi = await Participant.Start();
        var shop = SagaBody.NewGid();
        var gids = await Stuck(stage.Server, busi, shop, 2);
        await using var visit = await stage.Visit($"/transactions?tag=shop:{shop}");
        await Box(visit, gids[0]).CheckAsync();
        await visit.Button("Resolve").ClickAsync();
        await Expect(visit.Dialog).ToContainTextAsync("1 unfinished transaction");
        await Expect(Confirm(visit, "Resolve")).ToBeDisabledAsync();
        await visit.Dialog.GetByLabel("Reason").FillAsync("booked by hand");
        await Confirm(visit, "Resolve").ClickAsync();
        await stage.Server.UntilStatus(gids[0], "succeed");

        await visit.Page.GetByLabel("Select all of this page").CheckAsync();
        await Expect(visit.Main).ToContainTextAsync("1 selected");
        await visit.Button("Force stop").ClickAsync();
        await visit.Dialog.GetByLabel("Reason").FillAsync("the shop has closed");
        await Confirm(visit, "Force stop").ClickAsync();
        await stage.Server.UntilStatus(gids[1], "failed");
        Assert.Contains(
            "the shop has closed",
            (string?)(await stage.Server.Query(gids[1]))["transaction"]!["rollback_reason"],
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_that_match_need_the_number_typed_and_the_job_can_be_stopped()
    {
        // A rate that leaves a busy browser a minute to look at the progress and to stop the job.
        await using var server = await AdminServer.Start("--RetryInterval=300", "--Limits:BatchRate=2");
        await using var busi = await Participant.Start();
        await Stuck(server, busi, "7", 120);
        await using var visit = await stage.VisitAt(server.Url + "/#/transactions?tag=shop:7");
        await visit.Page.GetByLabel("All that match the filter").CheckAsync();
        await visit.Button("Retry").ClickAsync();
        await Expect(visit.Dialog).ToContainTextAsync("120 unfinished transactions");
        await Expect(Confirm(visit, "Retry")).ToBeDisabledAsync();
        var typed = visit.Dialog.GetByLabel("type 120 to confirm");
        await typed.FillAsync("12");
        await Expect(Confirm(visit, "Retry")).ToBeDisabledAsync();
        await typed.FillAsync("120");
        await visit.Shot("jobs-typed");
        await Confirm(visit, "Retry").ClickAsync();

        var jobs = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Jobs" });
        await Expect(jobs).ToContainTextAsync(new Regex("[1-9][0-9]* changed of at most 120"));
        await visit.Shot("jobs-progress");
        await jobs.GetByRole(AriaRole.Button, new() { Name = "Stop the job" }).ClickAsync();
        await Expect(jobs).ToContainTextAsync("stopped");
        var job = await Job(server);
        Assert.Equal("stopped", (string?)job["status"]);
        Assert.InRange((int)job["succeeded"]!, 1, 119);
    }

    [Fact]
    public async Task The_whole_list_and_what_has_ended_cannot_be_changed_at_once()
    {
        await using var visit = await stage.Visit("/transactions");
        await Expect(visit.Main.Locator(".loading")).ToHaveCountAsync(0);
        await Expect(visit.Page.GetByLabel("All that match the filter")).ToHaveCountAsync(0);
        var gid = SagaBody.NewGid();
        await stage.Server.AcceptEmpty(gid);
        await visit.Go($"/transactions?gid={gid}");
        await Expect(Box(visit, gid)).ToBeDisabledAsync();
        await visit.Page.GetByLabel("All that match the filter").CheckAsync();
        await visit.Button("Force stop").ClickAsync();
        await Expect(visit.Dialog).ToContainTextAsync("0 unfinished transactions: nothing to do.");
        await visit.Dialog.GetByLabel("Reason").FillAsync("why not");
        await Expect(Confirm(visit, "Force stop")).ToBeDisabledAsync();
    }

    [Fact]
    public async Task Without_the_role_admin_there_is_nothing_to_select()
    {
        var gid = SagaBody.NewGid();
        await stage.Server.AcceptEmpty(gid);
        await using var visit = await stage.VisitAt(
            $"{stage.Server.Url}/#/transactions?gid={gid}", null, static page => page.RouteAsync(
                "**/ui/session", static route => route.FulfillAsync(
                    new() { Json = new { name = "reader", roles = new[] { "read" }, csrf = "t" } })));
        await Expect(Row(visit, gid)).ToBeVisibleAsync();
        await Expect(visit.Main.Locator("input[type=checkbox]")).ToHaveCountAsync(0);
        await Expect(visit.Button("Retry")).ToHaveCountAsync(0);
    }

    private static ILocator Row(Visit visit, string gid) => visit.Main.Locator("tbody tr", new() { HasText = gid });

    private static ILocator Box(Visit visit, string gid) => visit.Page.GetByLabel("Select " + gid);

    private static ILocator Confirm(Visit visit, string verb) =>
        visit.Dialog.GetByRole(AriaRole.Button, new() { Name = verb });

    private static async Task<JsonNode> Job(AdminServer server)
    {
        using var answer = await server.Get("/api/dtmsvr/batches");
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return JsonNode.Parse(text)!["batches"]![0]!;
    }

    /// <summary>Sagas whose first call has failed and would succeed; the next attempt is minutes ahead.</summary>
    private static async Task<List<string>> Stuck(AdminServer server, Participant busi, string shop, int count)
    {
        var gids = Enumerable.Range(0, count).Select(static _ => SagaBody.NewGid()).ToList();
        foreach (var gid in gids)
        {
            busi.On("/" + gid, Reply.Error, Reply.Success);
            await server.Accept("submit", new JsonObject
            {
                ["gid"] = gid,
                ["trans_type"] = "saga",
                ["steps"] = new JsonArray(new JsonObject { ["action"] = $"{busi.Url}/{gid}", ["compensate"] = "" }),
                ["payloads"] = new JsonArray(string.Create(CultureInfo.InvariantCulture, $"{count}")),
                ["tags"] = new JsonObject { ["shop"] = shop },
            });
            await server.UntilWaiting(gid);
        }

        return gids;
    }
}

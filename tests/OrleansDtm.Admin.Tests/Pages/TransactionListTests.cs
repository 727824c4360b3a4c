using System.Text.Json.Nodes;
using Microsoft.Playwright;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>The list of transactions. Its filters and pages are part of the URL.</summary>
public sealed class TransactionListTests(AdminStage stage)
{
    [Fact]
    public async Task Filters_are_those_of_the_API_and_can_be_shared()
    {
        await using var busi = await Participant.Start();
        busi.On("/Act2", Reply.Refusal);
        var (good, bad) = (SagaBody.NewGid(), SagaBody.NewGid());
        await stage.Server.Accept("submit", SagaBody.Of(good, busi, 1).With("wait_result", true));
        await stage.Server.Accept("submit", SagaBody.Of(bad, busi));
        await stage.Server.UntilStatus(bad, "failed");
        await using var visit = await stage.Visit("/transactions");
        await Expect(Row(visit, good)).ToContainTextAsync("succeed");
        await Expect(Row(visit, bad)).ToContainTextAsync("balance too low");
        await visit.Shot("transactions");

        await Add(visit, "Status", "failed");
        await Expect(visit.Page).ToHaveURLAsync($"{stage.Server.Url}/#/transactions?status=failed");
        await Add(visit, "Pattern", "saga");
        await Expect(visit.Page).ToHaveURLAsync($"{stage.Server.Url}/#/transactions?status=failed&transType=saga");
        await Expect(Row(visit, bad)).ToBeVisibleAsync();
        await Expect(Row(visit, good)).ToHaveCountAsync(0);

        await using var shared = await stage.VisitAt(visit.Page.Url);
        await Expect(Row(shared, bad)).ToBeVisibleAsync();
        await Expect(Row(shared, good)).ToHaveCountAsync(0);
        await Expect(Chip(shared, "Status: failed")).ToBeVisibleAsync();
        await Expect(Chip(shared, "Pattern: saga")).ToBeVisibleAsync();

        await Chip(visit, "Status: failed").GetByRole(AriaRole.Link).ClickAsync();
        await Expect(visit.Page).ToHaveURLAsync($"{stage.Server.Url}/#/transactions?transType=saga");
        await Expect(Row(visit, good)).ToBeVisibleAsync();
        await Add(visit, "Gid", good);
        await Expect(visit.Main.Locator("tbody tr")).ToHaveCountAsync(1);
        await Expect(Row(visit, good)).ToBeVisibleAsync();
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Clear all" }).ClickAsync();
        await Expect(visit.Page).ToHaveURLAsync($"{stage.Server.Url}/#/transactions");
        await Expect(Row(visit, bad)).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_start_of_gids_and_two_tags_narrow_the_list()
    {
        await using var busi = await Participant.Start();
        var (shop, start) = (SagaBody.NewGid(), SagaBody.NewGid());
        foreach (var (gid, order) in new[] { (start + "-1", "1"), (start + "-2", "2") })
        {
            await stage.Server.Accept("submit", SagaBody.Of(gid, busi, 1).With("wait_result", true)
                .With("tags", new JsonObject { ["shop"] = shop, ["order"] = order }));
        }

        await using var visit = await stage.Visit("/transactions");
        await Add(visit, "Tag", $"shop:{shop}");
        await Expect(visit.Main.Locator("tbody tr")).ToHaveCountAsync(2);
        await Add(visit, "Tag", "order:2");
        await Expect(visit.Main.Locator("tbody tr")).ToHaveCountAsync(1);
        await Expect(Row(visit, start + "-2")).ToBeVisibleAsync();
        await visit.Shot("list-two-tags");
        await Chip(visit, "Tag: order:2").GetByRole(AriaRole.Link).ClickAsync();
        await Expect(visit.Main.Locator("tbody tr")).ToHaveCountAsync(2);
        await Add(visit, "Gid", start + "-1*");
        await Expect(Chip(visit, $"Gid: {start}-1*")).ToBeVisibleAsync();
        await Expect(visit.Main.Locator("tbody tr")).ToHaveCountAsync(1);
        await Expect(Row(visit, start + "-1")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Conditions_that_exclude_each_other_replace_each_other()
    {
        await using var visit = await stage.Visit("/transactions?status=failed&transType=saga");
        await Add(visit, "Waits for", "retry");
        await Expect(visit.Page).ToHaveURLAsync($"{stage.Server.Url}/#/transactions?transType=saga&waiting=retry");
        await Expect(Chip(visit, "Waits for a retry")).ToBeVisibleAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
        await Add(visit, "Status", "succeed");
        await Expect(visit.Page).ToHaveURLAsync($"{stage.Server.Url}/#/transactions?status=succeed&transType=saga");
        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_span_of_creation_is_given_in_local_time()
    {
        var gid = SagaBody.NewGid();
        await stage.Server.AcceptEmpty(gid);
        await using var visit = await stage.Visit($"/transactions?gid={gid}", new() { TimezoneId = "Asia/Tokyo" });
        var created = visit.Main.Locator("tbody tr time").First;
        var local = await created.InnerTextAsync();
        Assert.Equal(
            DateTime.Parse(
                (await created.GetAttributeAsync("datetime"))!,
                null,
                System.Globalization.DateTimeStyles.AdjustToUniversal)
                .AddHours(9)
                .ToString("yyyy-MM-dd HH:mm:ss", null),
            local);
        Assert.EndsWith(" UTC", await created.GetAttributeAsync("title"), StringComparison.Ordinal);

        // The browser drops seconds of 00, and the browser driver compares the text.
        var entered = local.EndsWith(":00", StringComparison.Ordinal)
            ? local[..^3].Replace(' ', 'T')
            : local.Replace(' ', 'T');
        await Add(visit, "Created to", entered);
        // Its creation time is some milliseconds later.
        await Expect(visit.Main).ToContainTextAsync("No transaction matches the filter.");
        await Chip(visit, $"Created to: {local}").GetByRole(AriaRole.Link).ClickAsync();
        await Expect(Row(visit, gid)).ToBeVisibleAsync();
        await Add(visit, "Created from", entered);
        await Expect(Chip(visit, $"Created from: {local}")).ToBeVisibleAsync();

        await Expect(Row(visit, gid)).ToBeVisibleAsync();
        Assert.Contains("createTimeStart=", visit.Page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Older_pages_follow_without_gaps_and_the_newest_is_a_click_away()
    {
        await using var server = await AdminServer.Start();
        await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => server.AcceptEmpty(SagaBody.NewGid())));
        using var all = await server.Get("/api/dtmsvr/all");
        var gids =
            JsonNode.Parse(await all.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["transactions"]!
                .AsArray().Select(static t => (string)t!["gid"]!);

        await using var visit = await stage.VisitAt(server.Url + "/#/transactions");
        await Expect(visit.Main.Locator("tbody tr")).ToHaveCountAsync(50);
        var first = await visit.Main.Locator("tbody a.mono").AllInnerTextsAsync();
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Older" }).ClickAsync();
        await Expect(visit.Main.Locator("tbody tr")).ToHaveCountAsync(10);
        var second = await visit.Main.Locator("tbody a.mono").AllInnerTextsAsync();
        await visit.Page.ReloadAsync();
        await Expect(visit.Main.Locator("tbody tr")).ToHaveCountAsync(10);
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Newest" }).ClickAsync();
        await Expect(visit.Main.Locator("tbody tr")).ToHaveCountAsync(50);

        Assert.Equal(gids, first.Concat(second));
    }

    [Fact]
    public async Task What_is_not_there_is_said_in_words()
    {
        await using var visit = await stage.Visit("/transactions?gid=nobody");
        await Expect(visit.Main).ToContainTextAsync("No transaction matches the filter.");

        await visit.Go("/transactions?status=nonsense");
        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("'nonsense' is unknown");
        await visit.Go("/nowhere");
        await Expect(visit.Main).ToContainTextAsync("Page not found");
        await visit.Go("/transaction?gid=nobody");
        await Expect(visit.Main).ToContainTextAsync("There is no transaction with the gid nobody");
    }

    private static ILocator Row(Visit visit, string gid) => visit.Main.Locator("tbody tr", new() { HasText = gid });

    private static ILocator Chip(Visit visit, string text) =>
        visit.Page.GetByRole(AriaRole.List, new() { Name = "Active filters" })
            .GetByRole(AriaRole.Listitem).Filter(new() { HasText = text });

    /// <summary>Adds a condition as a user does.</summary>
    private static async Task Add(Visit visit, string field, string value)
    {
        var form = visit.Page.GetByRole(AriaRole.Form, new() { Name = "Filter" });
        await form.GetByLabel("Filter by").SelectOptionAsync(new SelectOptionValue { Label = field });
        var control = form.GetByLabel("Value");
        await (await control.EvaluateAsync<string>("e => e.tagName") == "SELECT"
            ? control.SelectOptionAsync(value)
            : control.FillAsync(value));
        await form.GetByRole(AriaRole.Button, new() { Name = "Add filter" }).ClickAsync();
    }
}

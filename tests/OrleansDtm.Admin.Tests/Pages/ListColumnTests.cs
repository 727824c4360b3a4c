using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>What the list says about unfinished transactions, their order, and how many there are.</summary>
public sealed class ListColumnTests(AdminStage stage)
{
    [Fact]
    public async Task A_row_says_which_service_fails_how_often_with_what_and_when_it_is_called_again()
    {
        await using var busi = await Participant.Start();
        var (shop, gid) = (SagaBody.NewGid(), SagaBody.NewGid());
        await StuckSagas.Submit(stage.Server, busi, gid, shop, attempts: 3);
        await stage.Server.AcceptEmpty(shop + "-done");
        await using var visit = await stage.Visit($"/transactions?tag=shop:{shop}");
        await Expect(Cell(visit, gid, "service")).ToHaveTextAsync(new Uri(busi.Url).Authority);
        await Expect(Cell(visit, gid, "attempts")).ToHaveTextAsync("3");
        await Expect(Cell(visit, gid, "next")).ToHaveTextAsync(new Regex("^in \\d+ min"));
        await Expect(Cell(visit, gid, "age")).ToHaveTextAsync(new Regex("^[\\d.]+ m?s ago"));
        await Expect(Cell(visit, gid, "error")).ToContainTextAsync("500");
        await Expect(Cell(visit, gid, "error").Locator("div")).ToHaveAttributeAsync("title", new Regex("boom"));

        await Cell(visit, gid, "service").GetByRole(AriaRole.Link).ClickAsync();
        await Expect(visit.Main.Locator(".chips")).ToContainTextAsync("Service: " + new Uri(busi.Url).Authority);
        await Expect(Cell(visit, gid, "attempts")).ToHaveTextAsync("3");

        await visit.Go($"/transactions?gid={shop}-done");
        await Expect(Cell(visit, shop + "-done", "status")).ToHaveTextAsync("succeed");
        await Expect(Cell(visit, shop + "-done", "age")).ToBeEmptyAsync();
        await Expect(Cell(visit, shop + "-done", "next")).ToBeEmptyAsync();
    }

    [Theory]
    [InlineData(390, ColorScheme.Light, "phone")]
    [InlineData(1360, ColorScheme.Dark, "dark")]
    [InlineData(1360, ColorScheme.Light, "light")]
    public async Task The_list_fits_its_screen(int width, ColorScheme scheme, string name)
    {
        await using var busi = await Participant.Start();
        var shop = SagaBody.NewGid();
        foreach (var i in Enumerable.Range(0, 3))
        {
            await StuckSagas.Submit(stage.Server, busi, SagaBody.NewGid(), shop, attempts: i + 1);
        }

        await using var visit = await stage.Visit(
            $"/transactions?tag=shop:{shop}&unfinished=true&sort=attempts",
            new() { ViewportSize = new() { Width = width, Height = 844 }, ColorScheme = scheme });
        await Expect(visit.Main.Locator("tbody tr")).ToHaveCountAsync(3);
        await Expect(visit.Main.Locator(".totals")).ToContainTextAsync("3 transactions");
        Assert.Equal(width, await visit.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        Assert.Empty(await visit.Page.EvaluateAsync<string[]>(LookTests.Pale));
        await visit.Shot($"list-{name}");
        await visit.Main.Locator("summary", new() { HasText = "Export" }).ClickAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Link, new() { Name = "CSV" })).ToBeInViewportAsync();
        Assert.Equal(width, await visit.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        await visit.Shot($"list-export-{name}");
    }

    [Fact]
    public async Task Unfinished_ones_are_sorted_by_age_and_by_attempts()
    {
        await using var busi = await Participant.Start();
        var shop = SagaBody.NewGid();
        var gids = Enumerable.Range(0, 4).Select(static _ => SagaBody.NewGid()).ToArray();
        foreach (var (gid, attempts) in gids.Zip([2, 1, 4, 3]))
        {
            await StuckSagas.Submit(stage.Server, busi, gid, shop, attempts);
        }

        await using var visit = await stage.Visit($"/transactions?tag=shop:{shop}");
        Assert.Equal(Enumerable.Reverse(gids), await Gids(visit, 4));
        await visit.Page.GetByLabel("Order").SelectOptionAsync("age");
        await Expect(visit.Main).ToContainTextAsync("4 unfinished transactions were compared.");
        Assert.Contains("&sort=age", visit.Page.Url, StringComparison.Ordinal);
        Assert.Equal(gids, await Gids(visit, 4));
        await visit.Page.GetByLabel("Order").SelectOptionAsync("attempts");
        await Expect(visit.Main.Locator("th[aria-sort=descending]")).ToHaveTextAsync("Attempts");
        await Expect(visit.Page.Locator("td.is-attempts")).ToHaveTextAsync(["4", "3", "2", "1"]);
        Assert.Equal([gids[2], gids[3], gids[0], gids[1]], await Gids(visit, 4));

        await visit.Page.ReloadAsync();
        await Expect(visit.Page.Locator("td.is-attempts")).ToHaveTextAsync(["4", "3", "2", "1"]);
        await visit.Go($"/transactions?tag=shop:{shop}&sort=nonsense");
        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("sort: 'nonsense' is unknown");
    }

    [Fact]
    public async Task Sorted_pages_follow_each_other()
    {
        await using var server = await AdminServer.Start("--RetryInterval=300");
        await using var busi = await Participant.Start();
        var gids = Enumerable.Range(0, 55).Select(static i => string.Create(CultureInfo.InvariantCulture, $"s{i:00}"))
            .ToArray();
        foreach (var gid in gids)
        {
            await StuckSagas.Submit(server, busi, gid, "7");
        }

        await using var visit = await stage.VisitAt(server.Url + "/#/transactions?unfinished=true&sort=age");
        var first = await Gids(visit, 50);
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Next" }).ClickAsync();
        var second = await Gids(visit, 5);
        Assert.Equal(gids, first.Concat(second));
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "First" }).ClickAsync();
        Assert.Equal(first, await Gids(visit, 50));
    }

    [Fact]
    public async Task The_numbers_are_those_of_the_filter_and_lead_to_a_status()
    {
        await using var busi = await Participant.Start();
        var shop = SagaBody.NewGid();
        busi.On("/Act1", Reply.Refusal, Reply.Success, Reply.Success);
        foreach (var _ in Enumerable.Range(0, 3))
        {
            await stage.Server.Accept("submit", SagaBody.Of(SagaBody.NewGid(), busi, 1).With(
                "tags", new JsonObject { ["shop"] = shop }));
        }

        await StuckSagas.Submit(stage.Server, busi, SagaBody.NewGid(), shop);
        await using var visit = await stage.Visit($"/transactions?tag=shop:{shop}");
        var counts = visit.Page.GetByRole(AriaRole.Group, new() { Name = "Matching transactions" });
        await Expect(counts).ToContainTextAsync("4 transactions");
        await Expect(counts.GetByRole(AriaRole.Link)).ToHaveTextAsync(["submitted 1", "succeed 2", "failed 1"]);
        await counts.GetByRole(AriaRole.Link, new() { Name = "succeed" }).ClickAsync();
        await Expect(visit.Main.Locator("tbody tr")).ToHaveCountAsync(2);
        await Expect(counts).ToContainTextAsync("2 transactions");
    }

    /// <summary>An hour of live updates must not fill the memory of the browser.</summary>
    [Fact]
    public async Task Live_updates_leave_nothing_behind()
    {
        // Of its own: jobs of other tests would be new parts of the page.
        await using var server = await AdminServer.Start("--RetryInterval=300");
        await using var busi = await Participant.Start();
        await StuckSagas.Submit(server, busi, SagaBody.NewGid(), "7");
        await using var visit = await stage.VisitAt(server.Url + "/#/transactions?tag=shop:7");
        await Expect(visit.Main.Locator(".totals")).ToContainTextAsync("1 transaction");
        var session = await visit.Page.Context.NewCDPSessionAsync(visit.Page);
        await Refresh(visit, 50);
        var (nodes, listeners) = await Counters(session);
        await Refresh(visit, 300);
        var (later, more) = await Counters(session);
        Assert.True(later < nodes * 1.2, $"{nodes} nodes became {later}");
        Assert.True(more < listeners * 1.2, $"{listeners} listeners became {more}");
    }

    private static async Task Refresh(Visit visit, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await visit.Page.RunAndWaitForResponseAsync(
                () => visit.Button("Refresh").ClickAsync(),
                static response => response.Url.Contains("ui/api/transactions?", StringComparison.Ordinal));
        }
    }

    private static async Task<(int Nodes, int Listeners)> Counters(ICDPSession session)
    {
        await session.SendAsync("HeapProfiler.collectGarbage");
        var counters = (await session.SendAsync("Memory.getDOMCounters"))!.Value;
        return (counters.GetProperty("nodes").GetInt32(), counters.GetProperty("jsEventListeners").GetInt32());
    }

    private static ILocator Cell(Visit visit, string gid, string column) =>
        visit.Main.Locator("tbody tr", new() { HasText = gid }).Locator($"td.is-{column}");

    private static async Task<IReadOnlyList<string>> Gids(Visit visit, int count)
    {
        await Expect(visit.Main.Locator("tbody tr")).ToHaveCountAsync(count);
        return await visit.Main.Locator("tbody td.is-gid a.mono").AllInnerTextsAsync();
    }
}

using System.Text.Json.Nodes;
using Microsoft.Playwright;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>The list follows changes, and shows first what waits for an operator.</summary>
public sealed class LiveListTests(AdminStage stage)
{
    [Fact]
    public async Task The_list_follows_events_until_it_is_paused()
    {
        await using var busi = await Participant.Start();
        var shop = SagaBody.NewGid();
        await using var paused = await stage.Visit($"/transactions?tag=shop:{shop}");
        await using var live = await stage.Visit($"/transactions?tag=shop:{shop}");
        await Expect(State(live)).ToHaveTextAsync("live");
        await Expect(State(paused)).ToHaveTextAsync("live");
        await paused.Button("Pause").ClickAsync();
        await Expect(State(paused)).ToHaveTextAsync("paused");

        var gid = SagaBody.NewGid();
        var busy = new Gate();
        busi.On("/" + gid, Reply.Success.After(busy));
        await stage.Server.Accept("submit", new JsonObject
        {
            ["gid"] = gid,
            ["trans_type"] = "saga",
            ["steps"] = new JsonArray(new JsonObject { ["action"] = $"{busi.Url}/{gid}", ["compensate"] = "" }),
            ["payloads"] = new JsonArray("{}"),
            ["tags"] = new JsonObject { ["shop"] = shop },
        });
        await Expect(Row(live, gid)).ToContainTextAsync("submitted");
        await live.Page.GetByLabel("Select " + gid).CheckAsync();
        busy.Open();
        await Expect(Row(live, gid)).ToContainTextAsync("succeed");
        await Expect(live.Main).ToContainTextAsync("0 selected");
        await Expect(Row(paused, gid)).ToHaveCountAsync(0);

        await paused.Button("Go on").ClickAsync();
        await Expect(Row(paused, gid)).ToContainTextAsync("succeed");
    }

    [Fact]
    public async Task Without_events_the_list_is_polled()
    {
        var gid = SagaBody.NewGid();
        await using var visit = await stage.VisitAt(
            $"{stage.Server.Url}/#/transactions?gid={gid}",
            null,
            static page => page.RouteAsync("**/ui/api/events**", static route => route.FulfillAsync(
                new() { Status = 503, Body = "a proxy without streams" })));
        await Expect(State(visit)).ToHaveTextAsync("every 5 s");
        await Expect(visit.Main).ToContainTextAsync("No transaction matches the filter.");
        await stage.Server.AcceptEmpty(gid);
        await Expect(Row(visit, gid)).ToContainTextAsync("succeed");
    }

    [Fact]
    public async Task What_is_put_aside_is_at_the_top_of_the_whole_list()
    {
        await using var server = await AdminServer.Start("--RetryInterval=300");
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Error, Reply.Success);
        await server.Accept(
            "submit", SagaBody.Of(gid, busi, 1).With("trans_type", "msg").With("give_up_after", 1));
        await server.UntilParked(gid);
        await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => server.AcceptEmpty(SagaBody.NewGid())));

        await using var visit = await stage.VisitAt(server.Url + "/#/transactions");
        var attention = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Needs attention" });
        await Expect(attention).ToContainTextAsync(gid);
        await Expect(Row(visit, gid)).ToHaveCountAsync(0); // It is on the next page of the list.
        await visit.Shot("attention");
        await attention.GetByRole(AriaRole.Link, new() { Name = "As a list" }).ClickAsync();
        await Expect(Row(visit, gid)).ToBeVisibleAsync();
        await Expect(attention).ToHaveCountAsync(0);

        await visit.Page.GetByLabel("Select " + gid).CheckAsync();
        await visit.Button("Unpark").ClickAsync();
        await Expect(visit.Dialog).ToContainTextAsync("1 unfinished transaction");
        await visit.Dialog.GetByRole(AriaRole.Button, new() { Name = "Unpark" }).ClickAsync();
        await server.UntilStatus(gid, "succeed");
        await visit.Go("/transactions");
        await Expect(visit.Main.Locator("tbody tr")).ToHaveCountAsync(50);
        await Expect(attention).ToHaveCountAsync(0);
    }

    private static ILocator State(Visit visit) => visit.Main.Locator(".heading [role=status]");

    private static ILocator Row(Visit visit, string gid) => visit.Main.Locator("tbody tr", new() { HasText = gid });
}

using Microsoft.Playwright;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>Filters with a name: those that everybody has, and those that a browser keeps.</summary>
public sealed class ListViewTests(AdminStage stage)
{
    [Fact]
    public async Task The_ready_made_views_show_what_their_names_say()
    {
        await using var server = await AdminServer.Start("--RetryInterval=300");
        await using var busi = await Participant.Start();
        await StuckSagas.Submit(server, busi, "stuck", "7");
        busi.On("/parked", Reply.Error);
        await server.Accept("submit", Msg("parked", busi).With("give_up_after", 1));
        await server.UntilParked("parked");
        busi.On("/Act1", Reply.Refusal);
        await server.Accept("submit", SagaBody.Of("refused", busi, 1));
        await server.UntilStatus("refused", "failed");
        await server.AcceptEmpty("done");
        await using var visit = await stage.VisitAt(server.Url + "/#/transactions");
        await Expect(Rows(visit)).ToHaveTextAsync(["done", "refused", "parked", "stuck"]);
        await visit.Shot("list-views");
        foreach (var (view, gids) in new[]
        {
            ("Unfinished", new[] { "parked", "stuck" }), ("Retrying", ["stuck"]), ("Parked", ["parked"]),
            ("Failed today", ["refused"]), ("All", ["done", "refused", "parked", "stuck"]),
        })
        {
            await View(visit, view).ClickAsync();
            await Expect(View(visit, view)).ToHaveAttributeAsync("aria-current", "true");
            await Expect(Rows(visit)).ToHaveTextAsync(gids);
        }

        await View(visit, "Overdue").ClickAsync();
        await Expect(visit.Main).ToContainTextAsync("No transaction matches the filter.");
        await Expect(visit.Main.Locator(".chips")).ToContainTextAsync("Overdue by more than 10 s");
    }

    [Fact]
    public async Task A_saved_view_is_there_again_until_it_is_deleted()
    {
        await using var visit = await stage.Visit("/transactions");
        await Expect(visit.Button("Save this view")).ToHaveCountAsync(0); // The whole list has a name already.
        await visit.Go("/transactions?tag=tenant:7&waiting=retry&sort=age");
        await visit.Button("Save this view").ClickAsync();
        await Expect(visit.Dialog.GetByRole(AriaRole.Button, new() { Name = "Save" })).ToBeDisabledAsync();
        await visit.Dialog.GetByLabel("Name").FillAsync("Tenant 7, stuck");
        await visit.Shot("list-save-view");
        await visit.Dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(View(visit, "Tenant 7, stuck")).ToHaveAttributeAsync("aria-current", "true");
        await Expect(visit.Button("Save this view")).ToHaveCountAsync(0);

        await visit.Go("/transactions");
        await visit.Page.ReloadAsync();
        await View(visit, "Tenant 7, stuck").ClickAsync();
        await Expect(visit.Page).ToHaveURLAsync(
            $"{stage.Server.Url}/#/transactions?tag=tenant%3A7&waiting=retry&sort=age");
        await Expect(visit.Main.Locator(".chips")).ToContainTextAsync("Tag: tenant:7");
        await visit.Button("Delete the view Tenant 7, stuck").ClickAsync();
        await Expect(View(visit, "Tenant 7, stuck")).ToHaveCountAsync(0);
        await visit.Page.ReloadAsync();
        await Expect(View(visit, "All")).ToBeVisibleAsync();
        await Expect(View(visit, "Tenant 7, stuck")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task What_another_program_has_stored_in_the_browser_does_not_break_the_page()
    {
        await using var visit = await stage.Visit("/topics");
        foreach (var stored in new[] { "nonsense", "[1]", "null", "{\"a\":1,\"b\":\"javascript:alert(1)\"}" })
        {
            await visit.Page.EvaluateAsync("text => localStorage.setItem('orleansdtm.views', text)", stored);
            await visit.Go("/transactions");
            await Expect(View(visit, "Unfinished")).ToBeVisibleAsync();
            await Expect(visit.Page.GetByRole(AriaRole.Navigation, new() { Name = "Views" }).GetByRole(AriaRole.Link))
                .ToHaveCountAsync(6);
            await visit.Go("/topics");
            await Expect(visit.Main.Locator("h1")).ToHaveTextAsync("Topics");
        }
    }

    private static System.Text.Json.Nodes.JsonObject Msg(string gid, Participant busi) =>
        SagaBody.Of(gid, busi, 1).With("trans_type", "msg")
            .With("steps", new System.Text.Json.Nodes.JsonArray(
                new System.Text.Json.Nodes.JsonObject { ["action"] = $"{busi.Url}/{gid}" }));

    private static ILocator View(Visit visit, string name) =>
        visit.Page.GetByRole(AriaRole.Navigation, new() { Name = "Views" })
            .GetByRole(AriaRole.Link, new() { Name = name, Exact = true });

    private static ILocator Rows(Visit visit) => visit.Main.Locator("tbody td.is-gid a.mono");
}

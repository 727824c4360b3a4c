using System.Text.RegularExpressions;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Languages;

/// <summary>Times in the form that the user chose, in a browser in Tokyo with a clock of the test.</summary>
public sealed class TimeTests(AdminStage stage)
{
    private const string Created = "2026-03-01T20:30:05.123Z";

    private static readonly DateTime Now = new(2026, 3, 1, 20, 33, 5, 123, DateTimeKind.Utc);

    [Fact]
    public async Task Local_UTC_and_relative_name_their_zone_and_the_choice_is_kept()
    {
        await using var visit = await Open("/topics");
        var (form, time) = (visit.Page.GetByLabel("Times"), visit.Main.Locator(".topic time"));
        await Expect(form.Locator("option:checked")).ToHaveTextAsync("Local (UTC+9)");
        await Expect(time).ToHaveTextAsync("2026-03-02 05:30:05");
        await Expect(time).ToHaveAttributeAsync(
            "title", "3 min ago\n2026-03-02 05:30:05.123 UTC+9\n2026-03-01 20:30:05.123 UTC");

        await form.SelectOptionAsync("UTC");
        await Expect(time).ToHaveTextAsync("2026-03-01 20:30:05");
        await visit.Page.ReloadAsync();
        await Expect(time).ToHaveTextAsync("2026-03-01 20:30:05");

        await form.SelectOptionAsync("Relative");
        await Expect(time).ToHaveTextAsync("3 min ago");
        await visit.Page.ReloadAsync();
        await Expect(time).ToHaveTextAsync("3 min ago");
        await Expect(form.Locator("option:checked")).ToHaveTextAsync("Relative");
    }

    [Fact]
    public async Task Relative_times_go_on_while_the_page_is_open_and_wait_for_a_selection()
    {
        await using var visit = await Open("/topics");
        var time = visit.Main.Locator(".topic time");
        await visit.Page.GetByLabel("Times").SelectOptionAsync("Relative");
        await Expect(time).ToHaveTextAsync("3 min ago");

        await visit.Page.Clock.RunForAsync(120_000);
        await Expect(time).ToHaveTextAsync("5 min ago");
        await time.HoverAsync();
        await Expect(time).ToHaveAttributeAsync(
            "title", "5 min ago\n2026-03-02 05:30:05.123 UTC+9\n2026-03-01 20:30:05.123 UTC");

        await visit.Page.EvaluateAsync("getSelection().selectAllChildren(document.querySelector('.topic time'))");
        await visit.Page.Clock.RunForAsync(120_000);
        Assert.Equal("5 min ago", await visit.Page.EvaluateAsync<string>("getSelection().toString()"));
        await visit.Page.EvaluateAsync("getSelection().empty()");
        await visit.Page.Clock.RunForAsync(1000);
        await Expect(time).ToHaveTextAsync("7 min ago");
    }

    [Fact]
    public async Task In_Chinese_they_are_in_Chinese()
    {
        await using var visit = await Open("/topics", "zh-CN");
        await visit.Page.GetByLabel("时间显示").SelectOptionAsync("相对时间");
        await Expect(visit.Main.Locator(".topic time")).ToHaveTextAsync("3 分钟前");
    }

    [Fact]
    public async Task Fields_for_times_are_in_the_chosen_zone_and_say_so()
    {
        await using var visit = await Open("/transactions?createTimeStart=1772397005000");
        var chips = visit.Main.Locator(".chips");
        await Expect(chips).ToContainTextAsync("2026-03-02 05:30:05");
        await visit.Page.GetByLabel("Filter by").SelectOptionAsync("Created from");
        await visit.Page.GetByLabel("Value (UTC+9)").FillAsync("2026-03-02T05:30:06");

        await visit.Page.GetByLabel("Times").SelectOptionAsync("UTC");
        await Expect(chips).ToContainTextAsync("2026-03-01 20:30:05");
        var field = visit.Page.GetByLabel("Value (UTC)");
        await Expect(field).ToHaveValueAsync("2026-03-01T20:30:06");
        await visit.Button("Add filter").ClickAsync();

        await Expect(visit.Page).ToHaveURLAsync(new Regex("createTimeStart=1772397006000"));
        await Expect(chips).ToContainTextAsync("2026-03-01 20:30:06");
    }

    [Fact]
    public async Task The_clock_of_the_server_decides_how_long_ago_it_was()
    {
        // The browser's clock is wrong by an hour; the server's answers tell the time.
        await using var visit = await stage.VisitAt(stage.Server.Url + "/#/transactions", null, static page =>
            page.Clock.InstallAsync(new() { TimeDate = DateTime.UtcNow.AddHours(-1) }));
        var gid = SagaBody.NewGid();
        await stage.Server.AcceptEmpty(gid);
        await visit.Go("/transaction?gid=" + gid);
        await Expect(visit.Main.Locator("h1")).ToContainTextAsync(gid);

        await visit.Page.GetByLabel("Times").SelectOptionAsync("Relative");

        await Expect(visit.Main.Locator(".facts time").First).ToHaveTextAsync(
            new Regex(@"^[\d.]+ m?s ago$"));
    }

    private Task<Visit> Open(string hash, string locale = "en-US") => stage.VisitAt(
        $"{stage.Server.Url}/#{hash}",
        new() { TimezoneId = "Asia/Tokyo", Locale = locale },
        static async page =>
        {
            await page.Clock.InstallAsync(new() { TimeDate = Now.AddHours(-1) });
            await page.Clock.PauseAtAsync(Now);
            await page.RouteAsync("**/ui/api/topics**", static route => route.FulfillAsync(new()
            {
                Json = new { kv = new[] { new { k = "orders.paid", v = "[]", update_time = Created } } },
            }));
            await page.RouteAsync("**/ui/api/services**", static route => route.FulfillAsync(new()
            {
                Json = new { silos = 1, silos_total = 1, hosts = Array.Empty<string>() },
            }));
        });
}

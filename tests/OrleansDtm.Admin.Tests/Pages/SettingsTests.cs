using System.Net;
using Microsoft.Playwright;
using OrleansDtm.Server.Checks;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Keys;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>The pages of settings and keys, which need the role admin and show no secrets.</summary>
public sealed class SettingsTests(AdminStage stage)
{
    [Fact]
    public async Task Settings_are_those_of_check_config_with_their_sources_and_without_secrets()
    {
        const string hook = "https://alerts.example/hook/very-secret";
        var key = ApiKey.New();
        string[] settings = [Line(0, "boss", "admin", key), $"--AlertWebHook={hook}", "--Limits:StepsMax=77"];
        await using var server = await AdminServer.Start(settings);
        await using var visit = await stage.VisitAt($"{server.Url}/#/settings");
        await SignIn(visit, key);

        var row = visit.Main.Locator("tr", new() { HasText = "Limits:StepsMax" });
        await Expect(row).ToContainTextAsync("77");
        await Expect(row).ToContainTextAsync("command line");
        await Expect(visit.Main.Locator("tr", new() { HasText = "Limits:BatchRate" })).ToContainTextAsync("500");
        await Expect(visit.Main.Locator("tr", new() { HasText = "Limits:BatchRate" })).ToContainTextAsync("default");
        await Expect(visit.Main.Locator("tr", new() { HasText = "AlertWebHook" })).ToContainTextAsync(
            "https://alerts.example/***");
        var text = await visit.Main.InnerTextAsync();
        Assert.DoesNotContain("very-secret", text, StringComparison.Ordinal);
        Assert.DoesNotContain("sha256", text, StringComparison.Ordinal);
        await visit.Shot("settings");

        // The same rows as the command.
        var (given, options) = (SettingsLoader.Explain(settings), SettingsLoader.Load(settings));
        Assert.All(
            SettingsReport.Rows(given, options), line => Assert.Contains(line.Key, text, StringComparison.Ordinal));

        await visit.Page.GetByLabel("Only those that are set").CheckAsync();
        await Expect(visit.Main.Locator("tr", new() { HasText = "Limits:BatchRate" })).ToHaveCountAsync(0);
        await Expect(row).ToBeVisibleAsync();
        await visit.Page.GetByLabel("Name or value").FillAsync("nothing like it");
        await Expect(visit.Main).ToContainTextAsync("No setting matches the filter.");
    }

    [Fact]
    public void Settings_in_code_say_so()
    {
        var options = new CoordinatorOptions { HttpPort = 0, Limits = new LimitOptions { StepsMax = 5 } };

        var rows = SettingsReport.Rows(options).ToDictionary(static r => r.Key, StringComparer.Ordinal);

        Assert.Equal(("5", "code"), (rows["Limits:StepsMax"].Value, rows["Limits:StepsMax"].Source));
        Assert.Equal(("500", "default"), (rows["Limits:BatchRate"].Value, rows["Limits:BatchRate"].Source));
    }

    [Fact]
    public async Task Keys_have_their_roles_limits_and_requests()
    {
        var (admin, app, old) = (ApiKey.New(), ApiKey.New(), ApiKey.New());
        await using var server = await AdminServer.Start(
            Line(0, "boss", "admin", admin),
            Line(1, "shop", "submit", app) + " rate=2 unfinished=10",
            Line(2, "last-year", "read", old) + " until=2020-01-31");
        await using var busi = await Participant.Start();
        busi.On("/Act1", Reply.Error);
        server.SignIn(app);
        await server.Accept("submit", SagaBody.Of(SagaBody.NewGid(), busi, 1));
        using (var forbidden = await server.Get("/ui/api/keys"))
        {
            Assert.Equal(HttpStatusCode.Forbidden, forbidden.StatusCode);
        }

        await using var visit = await stage.VisitAt($"{server.Url}/#/keys");
        await SignIn(visit, admin);

        var shop = visit.Main.Locator("tr", new() { HasText = "shop" });
        await Expect(shop).ToContainTextAsync("submit");
        await Expect(shop).ToContainTextAsync("2 requests/s, 10 unfinished, bodies of 4 MB");
        await Expect(shop.Locator("[data-label=Requests]")).ToHaveTextAsync("2");
        await Expect(shop.Locator("[data-label=Refused]")).ToHaveTextAsync("1");
        await Expect(shop.Locator("[data-label=Unfinished]")).ToHaveTextAsync("1 of 10");
        await Expect(shop.Locator("[data-label='Last minute']")).ToHaveTextAsync("2");
        await Expect(visit.Main.Locator("tr", new() { HasText = "boss" })).ToContainTextAsync("ago");
        await Expect(visit.Main.Locator("tr", new() { HasText = "last-year" })).ToContainTextAsync("expired");
        await Expect(visit.Main.Locator("tr", new() { HasText = "last-year" })).ToContainTextAsync("never");
        Assert.DoesNotContain("sha256", await visit.Page.ContentAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(
            Convert.ToHexStringLower(ApiKey.HashOf(app))[..16],
            await visit.Page.ContentAsync(),
            StringComparison.Ordinal);
        await visit.Shot("keys");
    }

    [Fact]
    public async Task A_reader_sees_neither_and_without_keys_the_page_says_that_anyone_may_do_anything()
    {
        var reader = ApiKey.New();
        await using var server = await AdminServer.Start(Line(0, "rita", "read", reader));
        await using var visit = await stage.VisitAt($"{server.Url}/#/keys");
        await SignIn(visit, reader);
        await Expect(visit.Main).ToContainTextAsync("The keys need the role admin.");
        await Expect(visit.Page.GetByRole(AriaRole.Link, new() { Name = "Settings" })).ToHaveCountAsync(0);

        await using var open = await stage.Visit("/keys");
        await Expect(open.Main).ToContainTextAsync("Authentication is off: every client may do everything.");
        await open.Page.GetByRole(AriaRole.Link, new() { Name = "Settings" }).ClickAsync();
        await Expect(open.Main.Locator("h1")).ToHaveTextAsync("Settings");
    }

    private static async Task SignIn(Visit visit, string key)
    {
        await visit.Page.GetByLabel("API key or token").FillAsync(key);
        await visit.Button("Sign in").ClickAsync();
    }

    private static string Line(int number, string name, string role, string key) =>
        $"--Security:Keys:{number}={name} {role} {ApiKey.Print(ApiKey.HashOf(key))}";
}

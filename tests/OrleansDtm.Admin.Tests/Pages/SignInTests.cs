using System.Net;
using Microsoft.Playwright;
using OrleansDtm.Server.Security.Keys;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>
/// A coordinator that requires keys: nothing is shown without one, and a key allows what its role allows.
/// </summary>
public sealed class SignInTests(AdminStage stage)
{
    [Fact]
    public async Task A_reader_looks_an_admin_acts_and_after_signing_out_nobody_does()
    {
        var (reader, admin) = (ApiKey.New(), ApiKey.New());
        await using var busi = await Participant.Start();
        await using var server = await AdminServer.Start(
            Key(0, "rita", "read", reader), Key(1, "boss", "admin", admin), "--RetryInterval=300");
        server.SignIn(admin);
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Error, Reply.Success);
        await server.Accept("submit", SagaBody.Of(gid, busi, 1));
        await server.UntilWaiting(gid);
        using var bare = new HttpClient();
        using var data = await bare.GetAsync(server.Url + "/ui/api/overview", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, data.StatusCode);

        await using var visit = await stage.VisitAt($"{server.Url}/#/transaction?gid={gid}");
        await Enter(visit, ApiKey.New());
        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("not accepted");
        await Enter(visit, reader);
        await Expect(visit.Page.Locator("#who")).ToHaveTextAsync("rita");
        await Expect(visit.Main.Locator("h1")).ToContainTextAsync(gid);
        await Expect(visit.Button("Retry 01 action now")).ToBeDisabledAsync();
        await visit.Button("Sign out").ClickAsync();

        await Enter(visit, admin);
        await Expect(visit.Page.Locator("#who")).ToHaveTextAsync("boss");
        await visit.Button("Retry 01 action now").ClickAsync();
        await visit.Button("Retry").ClickAsync();
        await Expect(visit.Main.Locator(".heading .badge")).ToHaveTextAsync("succeed");
        var audit = visit.Main.Locator("details", new() { HasText = "who changed it" });
        await audit.Locator("summary").ClickAsync();
        await Expect(audit.Locator("tbody")).ToContainTextAsync("session boss");
        await visit.Button("Sign out").ClickAsync();
        await Expect(visit.Page.GetByLabel("API key or token")).ToBeVisibleAsync();
        await visit.Page.ReloadAsync();
        await Expect(visit.Page.GetByLabel("API key or token")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task At_an_issuer_a_user_without_a_role_is_told_so_and_one_with_a_role_is_back_at_the_same_view()
    {
        await using var issuer = await TestIssuer.Start();
        await using var server = await AdminServer.Start([Key(0, "rita", "read", ApiKey.New()), .. issuer.Settings()]);
        await using var visit = await stage.VisitAt($"{server.Url}/#/topics");
        visit.AllowIssuer(issuer.Url);
        var link = visit.Page.GetByRole(AriaRole.Link, new() { Name = "Sign in with Test Login" });
        await link.ClickAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("gives you no role");
        await visit.Shot("sign-in-issuer");

        issuer.Groups = ["dtm operators"];
        await visit.Page.GotoAsync($"{server.Url}/#/topics");
        await visit.Page.ReloadAsync();
        await link.ClickAsync();
        await Expect(visit.Page.Locator("#who")).ToHaveTextAsync("olga");
        await Expect(visit.Main.Locator("h1")).ToHaveTextAsync("Topics");
        Assert.DoesNotContain(
            await visit.Page.Context.CookiesAsync(),
            static cookie => cookie.Name.Contains("nonce", StringComparison.Ordinal));

        await visit.Button("Sign out").ClickAsync();
        await Expect(visit.Page.GetByLabel("API key or token")).ToBeVisibleAsync();
        Assert.Equal(server.Url + "/", Assert.Single(issuer.EndedTo));
        await visit.Page.ReloadAsync();
        await Expect(link).ToBeVisibleAsync();
    }

    private static async Task Enter(Visit visit, string key)
    {
        await visit.Page.GetByLabel("API key or token").FillAsync(key);
        await visit.Button("Sign in").ClickAsync();
    }

    private static string Key(int number, string name, string role, string key) =>
        $"--Security:Keys:{number}={name} {role} {ApiKey.Print(ApiKey.HashOf(key))}";
}

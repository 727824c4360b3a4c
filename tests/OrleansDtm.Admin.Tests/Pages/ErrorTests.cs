using System.Text.Json.Nodes;
using Microsoft.Playwright;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>
/// Errors and missing responses of the server. The tests fake them, because a healthy server does not send them.
/// </summary>
public sealed class ErrorTests(AdminStage stage)
{
    [Fact]
    public async Task The_overview_keeps_what_it_knew_and_says_since_when()
    {
        await using var visit = await stage.VisitAt(
            $"{stage.Server.Url}/#/", null, static page => page.Clock.InstallAsync());
        await Expect(visit.Main.Locator(".fresh")).ToContainTextAsync("live");
        await visit.Page.RouteAsync(
            "**/ui/api/overview",
            static route => route.FulfillAsync(new() { Status = 500, Body = "<html>proxy</html>" }));
        await visit.Page.Clock.RunForAsync(3000);

        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("500: the server answered 500");
        await Expect(visit.Main.Locator(".fresh")).ToContainTextAsync("as of");
        await Expect(visit.Main.Locator(".tiles")).ToBeVisibleAsync();
        await visit.Shot("error");

        await visit.Page.UnrouteAsync("**/ui/api/overview");
        await visit.Button("Try again").ClickAsync();
        await Expect(visit.Main.Locator(".fresh")).ToContainTextAsync("live");
        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_list_that_cannot_be_had_says_why_and_can_be_asked_for_again()
    {
        await using var visit = await stage.VisitAt(
            $"{stage.Server.Url}/#/transactions", null, static page => page.RouteAsync(
                "**/ui/api/transactions**",
                static route => route.FulfillAsync(new()
                {
                    Status = 503,
                    Json = new { dtm_result = "UNAVAILABLE", message = "try again: the database is away" },
                })));
        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("try again: the database is away");

        await visit.Page.UnrouteAsync("**/ui/api/transactions**");
        await visit.Button("Try again").ClickAsync();

        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_server_that_is_gone_is_named_as_that()
    {
        await using var visit = await stage.Visit("/topics");
        await Expect(visit.Main.Locator(".loading")).ToHaveCountAsync(0);
        await visit.Page.RouteAsync("**/ui/api/**", static route => route.AbortAsync());

        await visit.Go("/transactions");

        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("the coordinator does not respond");
    }

    [Fact]
    public async Task Who_is_not_signed_in_is_asked_for_a_key_and_comes_back_to_the_page()
    {
        var signedIn = false;
        JsonNode? given = null;
        await using var visit = await stage.VisitAt($"{stage.Server.Url}/#/topics", null, async page =>
        {
            await page.RouteAsync("**/ui/api/**", route => signedIn ? route.ContinueAsync() : Refuse(route));
            await page.RouteAsync("**/ui/session", route =>
            {
                if (route.Request.Method == "POST")
                {
                    given = JsonNode.Parse(route.Request.PostData!);
                    signedIn = (string?)given!["key"] == "right";
                    return signedIn ? route.FulfillAsync(new() { Status = 204 }) : Refuse(route);
                }

                return signedIn
                    ? route.FulfillAsync(new()
                    {
                        Json = new { name = "alice", roles = new[] { "read", "submit", "admin" }, csrf = "token" },
                    })
                    : Refuse(route);
            });
        });
        await Expect(visit.Page).ToHaveTitleAsync("Sign in · OrleansDtm");
        await visit.Shot("sign-in");

        await visit.Page.GetByLabel("API key or token").FillAsync("wrong");
        await visit.Button("Sign in").ClickAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("This key or token is not accepted.");
        await visit.Page.GetByLabel("API key or token").FillAsync("right");
        await visit.Page.Keyboard.PressAsync("Enter");

        await Expect(visit.Main.Locator("h1")).ToHaveTextAsync("Topics");
        await Expect(visit.Page.Locator("#who")).ToHaveTextAsync("alice");
        signedIn = false; // The session expires.
        await visit.Go("/transactions");
        await Expect(visit.Page).ToHaveTitleAsync("Sign in · OrleansDtm");
    }

    [Fact]
    public async Task A_change_carries_the_token_and_is_tried_once_more_with_a_new_one()
    {
        var tokens = new List<string?>();
        var token = "old";
        await using var visit = await stage.VisitAt($"{stage.Server.Url}/#/topics", null, async page =>
        {
            await page.RouteAsync("**/ui/session", route => route.FulfillAsync(
                new() { Json = new { name = "alice", roles = new[] { "admin" }, csrf = token } }));
            await page.RouteAsync("**/ui/api/subscribe", async route =>
            {
                tokens.Add(route.Request.Headers.GetValueOrDefault("x-csrf-token"));
                await (tokens[^1] == token
                    ? route.FulfillAsync(new() { Json = new { dtm_result = "SUCCESS" } })
                    : route.FulfillAsync(new() { Status = 403, Json = new { message = "wrong token" } }));
            });
        });
        await Expect(visit.Page.Locator("#who")).ToHaveTextAsync("alice");
        token = "new"; // The user signed in again in another tab.
        var create = visit.Page.GetByRole(AriaRole.Form, new() { Name = "New topic" });
        await create.GetByLabel("Name").FillAsync("csrf." + SagaBody.NewGid());
        await create.GetByLabel("Subscriber").FillAsync("http://localhost:7001/x");

        await visit.Button("Create").ClickAsync();

        await Expect(visit.Page.Locator(".toast")).ToContainTextAsync("is subscribed to csrf.");
        Assert.Equal(["old", "new"], tokens);
    }

    private static Task Refuse(IRoute route) =>
        route.FulfillAsync(new() { Status = 401, Json = new { dtm_result = "ERROR", message = "sign in" } });
}

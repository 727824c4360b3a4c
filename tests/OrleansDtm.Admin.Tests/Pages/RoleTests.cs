using System.Text.RegularExpressions;
using OrleansDtm.Server.Security.Keys;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>The role of the signed-in user, and what it may not do.</summary>
public sealed class RoleTests(AdminStage stage)
{
    [Theory]
    [InlineData("read", "You may not change anything.")]
    [InlineData("submit", "On this page you may only read")]
    [InlineData("admin", "you may see and do everything")]
    public async Task The_header_names_it_and_says_what_it_may_not_do(string role, string sentence)
    {
        var key = ApiKey.New();
        await using var server = await AdminServer.Start(
            $"--Security:Keys:0=rita {role} {ApiKey.Print(ApiKey.HashOf(key))}");
        server.SignIn(key);
        await using var visit = await stage.VisitAt($"{server.Url}/#/topics");
        await Expect(visit.Page.GetByLabel("API key or token")).ToBeVisibleAsync();
        await Expect(visit.Page.Locator("#role")).ToBeHiddenAsync();
        await visit.Page.GetByLabel("API key or token").FillAsync(key);
        await visit.Button("Sign in").ClickAsync();

        await Expect(visit.Page.Locator("#who")).ToHaveTextAsync("rita");
        var badge = visit.Button(role);
        await Expect(badge).ToHaveAccessibleDescriptionAsync(
            new Regex(Regex.Escape(sentence)));
        var text = visit.Page.Locator("#role-text");
        await Expect(text).ToBeHiddenAsync();
        await badge.ClickAsync(); // A phone has no tooltips.
        await Expect(text).ToBeVisibleAsync();
        await Expect(text).ToContainTextAsync(sentence);
        await visit.Shot("role-" + role);
        await visit.Page.Keyboard.PressAsync("Escape");
        await Expect(text).ToBeHiddenAsync();

        var create = visit.Button("Create");
        await (role == "admin" ? Expect(create).ToBeEnabledAsync() : Expect(create).ToBeDisabledAsync());
        await (role == "admin"
            ? Expect(create).Not.ToHaveAttributeAsync("title", "Requires the role admin")
            : Expect(create).ToHaveAttributeAsync("title", "Requires the role admin"));
    }

    [Fact]
    public async Task Every_disabled_button_names_the_role_it_needs()
    {
        var (reader, admin) = (ApiKey.New(), ApiKey.New());
        await using var server = await AdminServer.Start(
            $"--Security:Keys:0=rita read {ApiKey.Print(ApiKey.HashOf(reader))}",
            $"--Security:Keys:1=boss admin {ApiKey.Print(ApiKey.HashOf(admin))}");
        server.SignIn(admin);
        await server.Accept("subscribe?topic=orders.paid&url=http%3A%2F%2Flocalhost%3A7001%2Fx", []);
        await using var visit = await stage.VisitAt($"{server.Url}/#/topics");
        await visit.Page.GetByLabel("API key or token").FillAsync(reader);
        await visit.Button("Sign in").ClickAsync();

        await Expect(visit.Main.Locator("button:disabled")).ToHaveCountAsync(4);
        await Expect(visit.Main.Locator("button:disabled:not([title='Requires the role admin'])")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Without_sign_in_there_is_no_role()
    {
        await using var visit = await stage.Visit("/topics");
        await Expect(visit.Main.Locator("h1")).ToHaveTextAsync("Topics");
        await Expect(visit.Page.Locator("#role")).ToBeHiddenAsync();
    }
}

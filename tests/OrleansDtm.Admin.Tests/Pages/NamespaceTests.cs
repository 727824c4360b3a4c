using System.Net.Http.Json;
using System.Text.Json.Nodes;
using OrleansDtm.Server.Security.Keys;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>A user chooses a namespace, or sees the one of the key; everything on the page is of that one.</summary>
public sealed class NamespaceTests(AdminStage stage)
{
    [Fact]
    public async Task An_administrator_chooses_one_and_a_bound_key_has_its_own()
    {
        var (boss, shop, some) = (ApiKey.New(), ApiKey.New(), ApiKey.New());
        await using var server = await AdminServer.Start(
            Key(0, "boss admin", boss), Key(1, "clerk admin", shop, "namespace=shop"),
            Key(2, "rita read", some, "namespaces=crm,shop"));
        server.SignIn(boss);
        await server.Accept("prepare", new JsonObject { ["gid"] = "of-default", ["trans_type"] = "tcc" });
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Url + "/api/dtmsvr/prepare")
        {
            Content = JsonContent.Create(new { gid = "of-shop", trans_type = "tcc" }),
            Headers = { { "x-dtm-namespace", "shop" } },
        };
        (await server.Send(request)).EnsureSuccessStatusCode();

        await using var visit = await stage.VisitAt($"{server.Url}/#/transactions");
        await Enter(visit, boss);
        await Expect(visit.Main).ToContainTextAsync("of-default");
        await Expect(visit.Main).Not.ToContainTextAsync("of-shop");
        var field = visit.Page.GetByLabel("Namespace", new() { Exact = true });
        await field.FillAsync("shop");
        await field.PressAsync("Enter");
        await Expect(visit.Main).ToContainTextAsync("of-shop");
        await Expect(visit.Main).Not.ToContainTextAsync("of-default");
        await visit.Go("#/transaction?gid=of-shop");
        await Expect(visit.Main.Locator(".heading .badge").Nth(1)).ToHaveTextAsync("shop");
        await visit.Button("Force stop").ClickAsync();
        await visit.Dialog.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Force stop" }).ClickAsync();
        await Expect(visit.Main.Locator(".heading .badge").First).ToHaveTextAsync("failed");
        await visit.Page.ReloadAsync();
        await Expect(visit.Main.Locator(".heading .badge").First).ToHaveTextAsync("failed");
        await visit.Go("#/transactions");
        await field.FillAsync("");
        await field.PressAsync("Enter");
        await Expect(visit.Main).ToContainTextAsync("of-default");
        await visit.Button("Sign out").ClickAsync();

        await Enter(visit, shop);
        await Expect(visit.Page.Locator("#namespaces .badge")).ToHaveTextAsync("shop");
        await Expect(visit.Main).ToContainTextAsync("of-shop");
        await Expect(visit.Main).Not.ToContainTextAsync("of-default");
        await visit.Go("#/");
        await Expect(visit.Main).ToContainTextAsync("not bound to a namespace");
        await visit.Button("Sign out").ClickAsync();

        await Enter(visit, some);
        await visit.Go("#/transactions");
        await field.SelectOptionAsync("shop");
        await Expect(visit.Main).ToContainTextAsync("of-shop");
    }

    private static async Task Enter(Visit visit, string key)
    {
        await visit.Page.GetByLabel("API key or token").FillAsync(key);
        await visit.Button("Sign in").ClickAsync();
    }

    private static string Key(int number, string nameAndRole, string key, string option = "") =>
        $"--Security:Keys:{number}={nameAndRole} {ApiKey.Print(ApiKey.HashOf(key))} {option}";
}

using System.Text.Json.Nodes;
using Microsoft.Playwright;
using OrleansDtm.Server.Security.Keys;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>The reference of the HTTP API. Each visit fails if the page loads anything from another host.</summary>
public sealed class ReferenceTests(AdminStage stage)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_a_link_away_and_shows_every_operation()
    {
        await using var visit = await stage.Visit();
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "API", Exact = true }).ClickAsync();
        await Expect(visit.Page).ToHaveURLAsync(stage.Server.Url + "/docs");
        await Expect(visit.Main.Locator("h1").First).ToHaveTextAsync("OrleansDtm HTTP API");

        using var answer = await stage.Server.Get("/openapi/v1.json");
        var ids = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!["paths"]!.AsObject()
            .SelectMany(static path => path.Value!.AsObject())
            .Select(static operation => (string)operation.Value!["operationId"]!)
            .ToList();
        Assert.True(ids.Count >= 30, $"{ids.Count} operations");
        foreach (var id in ids)
        {
            await Expect(visit.Main.Locator($"#{id} h2")).ToBeVisibleAsync();
        }
    }

    [Fact]
    public async Task An_operation_shows_its_fields_examples_and_answers()
    {
        await using var visit = await stage.VisitAt(stage.Server.Url + "/docs#submitTransaction");
        var submit = visit.Main.Locator("#submitTransaction");
        await Expect(submit).ToBeInViewportAsync();
        await Expect(submit.Locator(".route")).ToContainTextAsync("/api/dtmsvr/submit");
        var timeout = submit.Locator("tr").Filter(new() { HasText = "timeout_to_fail" }).First;
        await Expect(timeout).ToContainTextAsync("to 31622400");
        await Expect(submit.Locator("tr").Filter(new() { HasText = "steps[].action" })).ToBeVisibleAsync();
        await Expect(submit.Locator("tr").First).ToContainTextAsync("required");

        await submit.GetByText("Example: saga").ClickAsync();
        await Expect(submit.GetByText("curl -X POST").First).ToBeVisibleAsync();
        await submit.Locator("summary").Filter(new() { HasText = "425" }).ClickAsync();
        await Expect(submit.GetByText("\"dtm_result\": \"ONGOING\"")).ToBeVisibleAsync();
        await visit.Shot("reference-submit");
    }

    [Fact]
    public async Task The_filter_finds_an_operation()
    {
        await using var visit = await stage.VisitAt(stage.Server.Url + "/docs");
        await Expect(visit.Main.Locator("#newGid")).ToBeVisibleAsync();
        await visit.Page.Keyboard.PressAsync("/");
        await visit.Page.Keyboard.TypeAsync("audit");
        await Expect(visit.Main.Locator(".operation")).ToHaveCountAsync(1);
        await Expect(visit.Main.Locator("#listAuditRecords")).ToBeVisibleAsync();
        await visit.Page.Locator("#filter").FillAsync("nothing like this");
        await Expect(visit.Main).ToContainTextAsync("No operation matches");
    }

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task It_can_be_read_in_light_and_dark_and_on_a_phone(ColorScheme scheme)
    {
        await using var visit = await stage.VisitAt(stage.Server.Url + "/docs", new() { ColorScheme = scheme });
        await Expect(visit.Main.Locator("#newGid")).ToBeVisibleAsync();
        Assert.Empty(await visit.Page.EvaluateAsync<string[]>(LookTests.Pale));
        await visit.Shot($"{scheme}-reference".ToLowerInvariant());
        await visit.Page.SetViewportSizeAsync(360, 780);
        Assert.True(
            await visit.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"),
            "it scrolls sideways");
    }

    [Fact]
    public async Task It_needs_no_sign_in_and_stays_below_the_base_path()
    {
        var key = ApiKey.New();
        await using var server = await AdminServer.Start(
            "--Admin:BasePath=/ops/dtm", $"--Security:Keys:0=boss admin {ApiKey.Print(ApiKey.HashOf(key))}");
        await using var visit = await stage.VisitAt(server.Url + "/ops/dtm/docs");
        await Expect(visit.Main.Locator("#newGid")).ToBeVisibleAsync();
        using var page = await server.Get("/ops/dtm/docs");
        var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'self'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
    }
}

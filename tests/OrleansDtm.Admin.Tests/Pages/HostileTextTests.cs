using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>
/// Gids, payloads, errors, topics and URLs are untrusted. The page must show them as text everywhere.
/// </summary>
public sealed class HostileTextTests(AdminStage stage)
{
    private const string Markup = """<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>""";

    [Fact]
    public async Task They_are_shown_as_they_are_and_run_nothing()
    {
        await using var busi = await Participant.Start();
        var gid = $"{SagaBody.NewGid()[..12]}'\"&#x/../?a=b {Markup}";
        busi.On("/Act1", new Reply(500, Markup));
        var body = SagaBody.Of(gid, busi).With("custom_data", """{"concurrent":true}""");
        body["payloads"] = new JsonArray(new JsonObject { ["text"] = Markup }.ToJsonString(), Markup);
        body["steps"]![1]!["action"] = $"{busi.Url}/{Uri.EscapeDataString(Markup)}";
        await stage.Server.Accept("submit", body);
        await stage.Server.UntilWaiting(gid);
        await using var visit = await stage.Visit("/transactions?status=submitted");

        await visit.Main.Locator("a.mono", new() { HasText = gid }).ClickAsync();
        await Expect(visit.Main.Locator("h1")).ToContainTextAsync(gid);
        await Expect(visit.Main.Locator(".timeline")).ToContainTextAsync(Markup);
        await visit.Main.Locator(".node").First.ClickAsync();
        await Expect(visit.Main.Locator(".payload pre")).ToContainTextAsync("<img src=x onerror=");
        await visit.Button("Force stop").ClickAsync();
        await Expect(visit.Dialog).ToContainTextAsync(gid);
        await visit.Dialog.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Force stop" }).ClickAsync();
        await Expect(visit.Page.Locator(".toast")).ToHaveTextAsync($"{gid} was stopped.");
        await visit.Go("/");
        await Expect(visit.Page.Locator(".services", new() { HasText = new Uri(busi.Url).Authority }))
            .ToContainTextAsync(Markup);
        await visit.Go("/topics");
        var create = visit.Page.GetByRole(Microsoft.Playwright.AriaRole.Form, new() { Name = "New topic" });
        await create.GetByLabel("Name").FillAsync(Markup);
        await create.GetByLabel("Subscriber").FillAsync(busi.Url + "/x");
        await create.GetByLabel("Remark").FillAsync(Markup);
        await visit.Button("Create").ClickAsync();
        await Expect(visit.Main.Locator(".topic h2", new() { HasText = Markup })).ToBeVisibleAsync();

        Assert.False(await visit.Page.EvaluateAsync<bool>("'hacked' in window"));
        Assert.Equal(0, await visit.Page.Locator("main img, main script").CountAsync());
    }

    [Fact]
    public void No_file_of_the_page_makes_markup_of_text_or_needs_another_host()
    {
        var assembly = typeof(Server.CoordinatorApp).Assembly;
        var names = assembly.GetManifestResourceNames()
            .Where(static n => n.StartsWith("OrleansDtm.Ui/", StringComparison.Ordinal))
            .ToList();
        Assert.True(names.Count > 10, string.Join(' ', names));
        foreach (var name in names)
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            var text = reader.ReadToEnd();
            string[] forbidden =
            [
                "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "style=",
                "https://", "//cdn",
            ];
            Assert.All(forbidden, word => Assert.DoesNotContain(word, text, StringComparison.Ordinal));
        }
    }
}

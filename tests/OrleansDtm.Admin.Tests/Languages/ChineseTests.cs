using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using OrleansDtm.Server.Security.Keys;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Languages;

/// <summary>The page in Chinese: what selects it, and that nothing is left in English.</summary>
public sealed class ChineseTests(AdminStage stage)
{
    private static readonly BrowserNewContextOptions Chinese = new() { Locale = "zh-CN" };

    [Fact]
    public async Task A_browser_decides_until_the_user_does_and_the_choice_is_kept()
    {
        await using var visit = await stage.Visit("/topics", Chinese);
        await Expect(visit.Main.Locator("h1")).ToHaveTextAsync("主题");
        await Expect(visit.Page.Locator("html")).ToHaveAttributeAsync("lang", "zh-CN");
        await Expect(visit.Page).ToHaveTitleAsync("主题 · OrleansDtm");
        var choice = visit.Page.GetByLabel("语言");
        await Expect(choice.Locator("option")).ToHaveTextAsync(["English", "中文"]);

        await choice.SelectOptionAsync("English");
        await Expect(visit.Main.Locator("h1")).ToHaveTextAsync("Topics");
        await Expect(visit.Page.Locator("html")).ToHaveAttributeAsync("lang", "en");
        await visit.Page.ReloadAsync();
        await Expect(visit.Main.Locator("h1")).ToHaveTextAsync("Topics");
        await visit.Page.GotoAsync(stage.Server.Url + "/docs");
        await Expect(visit.Page.Locator("#filter")).ToHaveAttributeAsync("placeholder", "Filter operations");

        await visit.Page.GetByLabel("Language").SelectOptionAsync("中文");
        await Expect(visit.Page.Locator("#filter")).ToHaveAttributeAsync("placeholder", "筛选接口");
    }

    [Fact]
    public async Task A_browser_without_one_of_its_languages_shows_English()
    {
        await using var visit = await stage.Visit("/topics", new() { Locale = "fr-FR" });
        await Expect(visit.Main.Locator("h1")).ToHaveTextAsync("Topics");
    }

    [Theory]
    [InlineData(1280, ColorScheme.Light)]
    [InlineData(1280, ColorScheme.Dark)]
    [InlineData(390, ColorScheme.Light)]
    [InlineData(390, ColorScheme.Dark)]
    public async Task No_English_is_left_and_every_page_can_be_read_by_everyone(int width, ColorScheme scheme)
    {
        var key = ApiKey.New();
        await using var busi = await Participant.Start();
        await using var server = await AdminServer.Start(
            "--RetryInterval=300",
            $"--Security:Keys:0=boss admin {ApiKey.Print(ApiKey.HashOf(key))}",
            $"--Security:Keys:1=shop submit {ApiKey.Print(ApiKey.HashOf(ApiKey.New()))} rate=2 unfinished=10 "
                + "until=2020-01-31");
        server.SignIn(key);
        var gid = await Prepare(server, busi);
        await using var visit = await stage.VisitAt(
            server.Url + "/#/topics",
            new() { Locale = "zh-CN", ViewportSize = new() { Width = width, Height = 900 }, ColorScheme = scheme });
        await Expect(visit.Main.Locator("h1")).ToHaveTextAsync("登录");
        var problems = new List<string>();
        await Check(visit, width, scheme, "sign-in", problems);
        await visit.Page.GetByLabel("API 密钥或令牌").FillAsync(key);
        await visit.Button("登录").ClickAsync();
        await Expect(visit.Page.Locator("#who")).ToHaveTextAsync("boss");

        foreach (var hash in new[]
        {
            "/", "/topics", "/keys", "/settings", "/nowhere", "/transactions", "/transaction?gid=" + gid,
        })
        {
            await visit.Go(hash);
            await Expect(visit.Main.Locator("h1")).ToBeVisibleAsync();
            await Expect(visit.Main.Locator(".loading")).ToHaveCountAsync(0);
            if (hash.StartsWith("/transaction?", StringComparison.Ordinal))
            {
                await Expect(visit.Main.Locator(".why")).ToContainTextAsync("尝试 1 次仍未成功");
                await visit.Page.Locator("button.fold").First.ClickAsync();
            }

            await Check(visit, width, scheme, hash.Split('?')[0].Trim('/'), problems);
        }

        await visit.Page.GotoAsync(server.Url + "/docs");
        await Expect(visit.Main.Locator("#newGid")).ToBeVisibleAsync();
        await Check(visit, width, scheme, "docs", problems);
        Assert.True(problems.Count == 0, string.Join('\n', problems.Distinct()));
    }

    /// <summary>A saga of which one call waits for its retry, and a topic with a subscriber that fails.</summary>
    private static async Task<string> Prepare(AdminServer server, Participant busi)
    {
        var gid = SagaBody.NewGid();
        busi.On("/Act2", new Reply(500, "the bank is closed"));
        await server.Accept($"subscribe?topic=orders.paid&url={Uri.EscapeDataString(busi.Url + "/paid")}", []);
        await server.Accept("submit", SagaBody.Of(gid, busi, 3));
        await server.UntilWaiting(gid);
        return gid;
    }

    private static async Task Check(
        Visit visit, int width, ColorScheme scheme, string name, List<string> problems)
    {
        await visit.Shot($"zh-{width}-{scheme}-{name}".ToLowerInvariant());
        problems.AddRange((await visit.Page.EvaluateAsync<string[]>(Leftovers.Script, Leftovers.Allowed))
            .Select(word => $"{name}: {word}"));
        Assert.True(
            await visit.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"),
            $"{name} scrolls sideways");
        if (name == "docs" && (width, scheme) != (1280, ColorScheme.Light))
        {
            return; // axe needs a minute for its hundred tables, whose colours are those of the other pages.
        }

        var found = await visit.Page.RunAxe();
        problems.AddRange(found.Violations.SelectMany(rule => rule.Nodes.Select(
            node => $"{name}: {rule.Id}: {node.Html} ({rule.Help})")));
    }
}

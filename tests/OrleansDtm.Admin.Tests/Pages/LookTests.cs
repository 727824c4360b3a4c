using Microsoft.Playwright;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>Light and dark, wide and narrow.</summary>
public sealed class LookTests(AdminStage stage)
{
    /// <summary>Finds texts with too little contrast (WCAG AA: 4.5 to 1).</summary>
    internal const string Pale =
        """
        () => {
          const parse = c => (c.match(/[\d.]+/g) ?? []).map(Number);
          const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          const behind = e => {
            for (; e; e = e.parentElement) {
              const c = parse(getComputedStyle(e).backgroundColor);
              if (c.length >= 3 && c[3] !== 0) return c;
            }
            return [255, 255, 255];
          };
          return [...document.querySelectorAll('body *:not(svg *)')]
            .filter(e => e.checkVisibility() && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim() !== '') && !e.closest(':disabled, noscript, .skip'))
            .map(e => {
              const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
              return { text: e.textContent.trim().slice(0, 40), ratio: (a + 0.05) / (b + 0.05) };
            })
            .filter(x => x.ratio < 4.5).map(x => `${x.text}: ${x.ratio.toFixed(2)}`);
        }
        """;

    [Theory]
    [InlineData(ColorScheme.Light, "rgb(245, 246, 248)")]
    [InlineData(ColorScheme.Dark, "rgb(20, 22, 26)")]
    public async Task Every_page_follows_the_systems_colours_and_can_be_read_in_them(ColorScheme scheme, string ground)
    {
        await using var busi = await Participant.Start();
        var gid = await Waiting(busi);
        await using var visit = await stage.Visit("/", new() { ColorScheme = scheme });
        foreach (var hash in Hashes(gid))
        {
            await visit.Go(hash);
            await Expect(visit.Main.Locator("h1")).ToBeVisibleAsync();
            await Expect(visit.Main.Locator(".loading")).ToHaveCountAsync(0);
            Assert.Equal(
                ground, await visit.Page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
            Assert.Empty(await visit.Page.EvaluateAsync<string[]>(Pale));
            await visit.Shot($"{scheme}-{hash.Split('?')[0].Trim('/')}".ToLowerInvariant());
        }

        await stage.Server.Accept("forceStop", PatternBodies.Of(gid, "saga"));
    }

    [Fact]
    public async Task The_switch_is_remembered_and_beats_the_system()
    {
        await using var visit = await stage.Visit("/topics", new() { ColorScheme = ColorScheme.Light });
        var button = visit.Page.Locator("#theme");
        await Expect(button).ToHaveAttributeAsync("aria-label", "Colours: as the system. Change");
        await button.ClickAsync();
        await button.ClickAsync();
        await Expect(button).ToHaveAttributeAsync("aria-label", "Colours: dark. Change");

        await visit.Page.ReloadAsync();

        Assert.Equal(
            "rgb(20, 22, 26)",
            await visit.Page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
        await button.ClickAsync();
        Assert.Equal(
            "rgb(245, 246, 248)",
            await visit.Page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
    }

    [Fact]
    public async Task On_a_phone_no_page_scrolls_sideways()
    {
        await using var busi = await Participant.Start();
        var gid = await Waiting(busi);
        await stage.Server.Accept(
            "subscribe?topic=phone&url="
            + Uri.EscapeDataString(busi.Url + "/a/rather/long/path/that/does/not/fit/into/a/phone"),
            []);
        await using var visit = await stage.Visit(
            "/", new() { ViewportSize = new() { Width = 390, Height = 844 }, HasTouch = true, IsMobile = true });
        foreach (var hash in Hashes(gid))
        {
            await visit.Go(hash);
            await Expect(visit.Main.Locator("h1")).ToBeVisibleAsync();
            await Expect(visit.Main.Locator(".loading")).ToHaveCountAsync(0);
            Assert.Equal(390, await visit.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
            await visit.Shot($"phone-{hash.Split('?')[0].Trim('/')}");
        }

        await visit.Button("Force stop").ClickAsync();
        await Expect(visit.Dialog).ToBeInViewportAsync(new() { Ratio = 1 });
        await visit.Shot("phone-dialog");
        await visit.Dialog.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Force stop" }).ClickAsync();
        await Expect(visit.Main.Locator(".heading .badge")).ToHaveTextAsync("failed");
    }

    private static string[] Hashes(string gid) =>
    [
        "/", "/transactions", "/topics", "/keys", "/settings", "/nowhere",
        "/transaction?gid=" + Uri.EscapeDataString(gid),
    ];

    private async Task<string> Waiting(Participant busi)
    {
        var gid = SagaBody.NewGid() + "-with-a-long-name-0123456789-0123456789-0123456789-0123456789";
        busi.On("/Act2", Reply.Error);
        busi.On(
            "/Act3", new Reply(500, "a service that has a lot to say about what went wrong: " + new string('x', 200)));
        await stage.Server.Accept("submit", SagaBody.Of(gid, busi, 4).With(
            "custom_data", """{"concurrent":true,"orders":{"2":[0],"1":[0],"3":[1,2]}}"""));
        await stage.Server.UntilWaiting(gid, 2);
        return gid;
    }
}

using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>Every function works without a mouse.</summary>
public sealed class KeyboardTests(AdminStage stage)
{
    [Fact]
    public async Task A_slash_finds_a_transaction_and_a_retry_needs_keys_only()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Error, Reply.Success);
        await stage.Server.Accept("submit", SagaBody.Of(gid, busi, 1));
        await stage.Server.UntilWaiting(gid);
        await using var visit = await stage.Visit();
        await Expect(visit.Main.Locator(".tiles")).ToBeVisibleAsync();
        var keys = visit.Page.Keyboard;

        await keys.PressAsync("/");
        await Expect(visit.Page.Locator("#find-gid")).ToBeFocusedAsync();
        await keys.TypeAsync(gid);
        await keys.PressAsync("Enter");
        await Expect(visit.Main.Locator("h1")).ToContainTextAsync(gid);
        await Tab(visit, "Retry 01 action now");
        await keys.PressAsync("Enter");
        await Expect(visit.Button("Cancel")).ToBeFocusedAsync();
        await keys.PressAsync("Escape");
        await Expect(visit.Dialog).ToHaveCountAsync(0);
        await Expect(visit.Button("Retry 01 action now")).ToBeFocusedAsync();
        Assert.Single(busi.Calls);
        await keys.PressAsync("Enter");
        await keys.PressAsync("Tab");
        await keys.PressAsync("Enter");

        await Expect(visit.Main.Locator(".heading .badge")).ToHaveTextAsync("succeed");
        Assert.Equal(2, busi.Calls.Count);
    }

    [Fact]
    public async Task Tab_reaches_everything_that_can_be_used_and_shows_where_it_is()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Error);
        await stage.Server.Accept("submit", SagaBody.Of(gid, busi, 2));
        await stage.Server.UntilWaiting(gid);
        await using var visit = await stage.Visit("/transaction?gid=" + gid);
        await Expect(visit.Main.Locator(".timeline")).ToBeVisibleAsync();
        const string usable = "a[href], button:not(:disabled), input, select, summary, [tabindex='0']";
        var wanted = await visit.Page.EvaluateAsync<int>(
            $"[...document.querySelectorAll(`{usable}`)].filter(e => e.checkVisibility()).length");

        var reached = new HashSet<int>();
        for (var i = 0; i < wanted; i++)
        {
            await visit.Page.Keyboard.PressAsync("Tab");
            var at = await visit.Page.EvaluateAsync<int>(
                $$"""
                () => {
                  const e = document.activeElement;
                  const style = getComputedStyle(e);
                  const shown = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2)
                    || (e.matches('.node') && parseFloat(getComputedStyle(e.querySelector('.box')).strokeWidth) >= 2);
                  return shown ? [...document.querySelectorAll(`{{usable}}`)].filter(e => e.checkVisibility()).indexOf(e) : -1;
                }
                """);
            Assert.True(at >= 0, $"after {i + 1} tabs it is not to be seen where the focus is");
            reached.Add(at);
        }

        Assert.Equal(wanted, reached.Count);
        await stage.Server.Accept("forceStop", PatternBodies.Of(gid, "saga"));
    }

    [Fact]
    public async Task A_refresh_takes_neither_the_focus_nor_what_is_unfolded_or_marked()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Error);
        await stage.Server.Accept("submit", SagaBody.Of(gid, busi, 1).With("custom_data", """{"concurrent":true}"""));
        await stage.Server.UntilWaiting(gid);
        await using var visit = await stage.VisitAt(
            $"{stage.Server.Url}/#/transaction?gid={gid}", null, static page => page.Clock.InstallAsync());
        await visit.Main.Locator("summary", new() { HasText = "Custom data" }).ClickAsync();
        var fold = visit.Page.Locator("button.fold").First;
        await fold.FocusAsync();
        await visit.Page.Keyboard.PressAsync("Enter");
        await Expect(visit.Main.Locator(".payload pre")).ToBeVisibleAsync();

        await visit.Page.RunAndWaitForResponseAsync(
            () => visit.Page.Clock.RunForAsync(2000), "**/ui/api/transaction?**");
        await visit.Page.RunAndWaitForResponseAsync(
            () => visit.Page.Clock.RunForAsync(2000), "**/ui/api/transaction?**");

        await Expect(fold).ToBeFocusedAsync();
        await Expect(visit.Main.Locator(".payload pre")).ToBeVisibleAsync();
        await Expect(visit.Main.GetByText("\"concurrent\": true")).ToBeVisibleAsync();

        await visit.Page.EvaluateAsync("getSelection().selectAllChildren(document.querySelector('.payload pre'))");
        await visit.Page.RunAndWaitForResponseAsync(
            () => visit.Page.Clock.RunForAsync(2000), "**/ui/api/transaction?**");
        await visit.Page.RunAndWaitForResponseAsync(
            () => visit.Page.Clock.RunForAsync(2000), "**/ui/api/transaction?**");
        Assert.Contains(
            "amount", await visit.Page.EvaluateAsync<string>("getSelection().toString()"), StringComparison.Ordinal);
        await stage.Server.Accept("forceStop", PatternBodies.Of(gid, "saga"));
    }

    /// <summary>Presses Tab until the button of this name has the focus.</summary>
    private static async Task Tab(Visit visit, string name)
    {
        for (var i = 0; i < 60; i++)
        {
            await visit.Page.Keyboard.PressAsync("Tab");
            if (await visit.Page.EvaluateAsync<string?>("document.activeElement.getAttribute('aria-label')") == name)
            {
                return;
            }
        }

        Assert.Fail($"'{name}' cannot be reached by Tab");
    }
}

using Microsoft.Playwright;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>The overview page and its live updates.</summary>
public sealed class OverviewTests(AdminStage stage)
{
    [Fact]
    public async Task It_shows_what_ended_what_is_unfinished_who_fails_and_who_serves()
    {
        await using var busi = await Participant.Start();
        busi.On("/Act2", Reply.Refusal);
        busi.On("/Act9", Reply.Error);
        for (var i = 0; i < 5; i++)
        {
            await stage.Server.Accept("submit", SagaBody.Of(SagaBody.NewGid(), busi, 1).With("wait_result", true));
        }

        var (failed, waiting) = (SagaBody.NewGid(), SagaBody.NewGid());
        await stage.Server.Accept("submit", SagaBody.Of(failed, busi));
        await stage.Server.UntilStatus(failed, "failed");
        await stage.Server.Accept("submit", PatternBodies.Msg(waiting, busi, 9).With("concurrent", true));
        await stage.Server.UntilWaiting(waiting, 2);

        await using var visit = await stage.Visit();

        await Expect(visit.Page).ToHaveTitleAsync("Overview · OrleansDtm");
        var service = visit.Page.Locator(".services li", new() { HasText = new Uri(busi.Url).Authority });
        await Expect(service).ToContainTextAsync("1 error");
        await Expect(service).ToContainTextAsync("2 failures");
        await Expect(service.GetByRole(AriaRole.Link, new() { Name = waiting })).ToBeVisibleAsync();
        await Expect(visit.Page.Locator("tr", new() { HasText = "msg" }).GetByText("submitted")).ToBeVisibleAsync();
        await Expect(visit.Page.Locator(".ranks li", new() { HasText = "under 1 min" })).ToBeVisibleAsync();
        await Expect(visit.Page.GetByText("serves this page")).ToBeVisibleAsync();
        await Expect(visit.Page.Locator(".numbers tr", new() { HasText = "Branch calls" })).ToContainTextAsync("ms");
        Assert.NotEqual("0", await visit.Page.Locator(".tile", new() { HasText = "transactions, last 10 min" })
            .Locator(".value")
            .InnerTextAsync());
        await visit.Shot("overview");
        await visit.Page.Locator("tr", new() { HasText = "msg" }).GetByText("submitted").ClickAsync();
        await Expect(visit.Page).ToHaveURLAsync($"{stage.Server.Url}/#/transactions?transType=msg&status=submitted");
        await stage.Server.Accept("forceStop", PatternBodies.Of(waiting, "msg"));
    }

    [Fact]
    public async Task It_looks_again_by_itself_and_not_while_nobody_looks()
    {
        var asked = 0;
        await using var visit = await stage.VisitAt($"{stage.Server.Url}/#/", null, async page =>
        {
            page.Request += (_, request) =>
                asked += request.Url.EndsWith("/ui/api/overview", StringComparison.Ordinal) ? 1 : 0;
            await page.Clock.InstallAsync();
        });
        await Expect(visit.Main.Locator(".fresh")).ToContainTextAsync("live");
        await using (var busi = await Participant.Start())
        {
            busi.On("/Act1", Reply.Error);
            var gid = SagaBody.NewGid();
            await stage.Server.Accept("submit", SagaBody.Of(gid, busi, 1));
            await stage.Server.UntilWaiting(gid);

            await visit.Page.RunAndWaitForResponseAsync(() => visit.Page.Clock.RunForAsync(3000), "**/ui/api/overview");
            await Expect(visit.Page.Locator(".services")).ToContainTextAsync(new Uri(busi.Url).Authority);
            await stage.Server.Accept("forceStop", PatternBodies.Of(gid, "saga"));
        }

        await Look(visit, hidden: true);
        var before = asked;
        await visit.Page.Clock.RunForAsync(60_000);
        Assert.Equal(before, asked);
        await visit.Page.RunAndWaitForResponseAsync(() => Look(visit, hidden: false), "**/ui/api/overview");
        Assert.Equal(before + 1, asked);
    }

    private static async Task Look(Visit visit, bool hidden) => await visit.Page.EvaluateAsync(
        """
        hidden => {
          Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
          document.dispatchEvent(new Event('visibilitychange'));
        }
        """,
        hidden);
}

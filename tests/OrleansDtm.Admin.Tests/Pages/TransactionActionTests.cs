using Microsoft.Playwright;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>The actions on a transaction: confirmation, execution and result.</summary>
public sealed class TransactionActionTests(AdminStage stage)
{
    [Fact]
    public async Task Force_stop_says_what_it_means_and_ends_it()
    {
        await using var busi = await Participant.Start();
        var gid = await Waiting(busi);
        await using var visit = await stage.Visit("/transaction?gid=" + gid);

        await visit.Button("Force stop").ClickAsync();
        await Expect(visit.Dialog).ToContainTextAsync(gid);
        await Expect(visit.Dialog).ToContainTextAsync("without compensation");
        await visit.Shot("dialog-stop");
        await visit.Button("Cancel").ClickAsync();
        await Expect(visit.Dialog).ToHaveCountAsync(0);
        Assert.Equal("submitted", (string?)(await stage.Server.Query(gid))["transaction"]!["status"]);

        await visit.Button("Force stop").ClickAsync();
        await visit.Dialog.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Force stop" }).ClickAsync();

        await Expect(visit.Page.Locator(".toast")).ToHaveTextAsync($"{gid} was stopped.");
        await Expect(visit.Main.Locator(".heading .badge")).ToHaveTextAsync("failed");
        await Expect(visit.Main).ToContainTextAsync("stopped by force, without compensation");
        Assert.Equal("failed", (string?)(await stage.Server.Query(gid))["transaction"]!["status"]);

        var audit = visit.Main.Locator("details", new() { HasText = "who changed it" });
        await audit.Locator("summary").ClickAsync();
        await Expect(audit.Locator("tbody tr")).ToHaveCountAsync(1);
        await Expect(audit).ToContainTextAsync("forceStop");
        await Expect(audit).ToContainTextAsync("submitted → failed");
        await visit.Shot("transaction-audit");
    }

    [Fact]
    public async Task Retry_now_makes_every_waiting_call()
    {
        await using var busi = await Participant.Start();
        var gid = await Waiting(busi);
        await using var visit = await stage.Visit("/transaction?gid=" + gid);
        await visit.Shot("transaction-waiting");

        await visit.Button("Retry now").ClickAsync();
        await Expect(visit.Dialog).ToContainTextAsync(gid);
        await Expect(visit.Dialog).ToContainTextAsync("2 pending calls will be made now");
        await Expect(visit.Dialog.Locator("li")).ToHaveCountAsync(2);
        busi.On("/Act1", Reply.Success);
        busi.On("/Act2", Reply.Success);
        await visit.Button("Retry").ClickAsync();

        await Expect(visit.Main.Locator(".heading .badge")).ToHaveTextAsync("succeed");
        await Expect(visit.Page.Locator(".toast")).ToContainTextAsync("are made now");
        Assert.Equal(2, busi.On("/Act1").Count);
        Assert.Equal(2, busi.On("/Act2").Count);
    }

    [Fact]
    public async Task Retry_one_branch_leaves_the_others_waiting()
    {
        await using var busi = await Participant.Start();
        var gid = await Waiting(busi);
        await using var visit = await stage.Visit("/transaction?gid=" + gid);

        busi.On("/Act2", Reply.Success);
        await visit.Button("Retry 02 action now").ClickAsync();
        await Expect(visit.Dialog).ToContainTextAsync(gid);
        await Expect(visit.Dialog).ToContainTextAsync("The action of branch 02 will be called now");
        await Expect(visit.Dialog).ToContainTextAsync(busi.Url + "/Act2");
        await visit.Button("Retry").ClickAsync();

        await Expect(visit.Page.Locator(".toast")).ToHaveTextAsync("Branch 02 action is called now.");
        await Expect(visit.Button("Retry 02 action now")).ToHaveCountAsync(0);
        await Expect(visit.Button("Retry 01 action now")).ToBeVisibleAsync();
        await busi.Called("/Act2", 2);
        Assert.Single(busi.On("/Act1"));
        await stage.Server.Accept("forceStop", PatternBodies.Of(gid, "saga"));
    }

    [Fact]
    public async Task What_the_coordinator_refuses_stands_in_the_dialog_with_its_reason()
    {
        await using var busi = await Participant.Start();
        var gid = await Waiting(busi);
        await using var visit = await stage.Visit("/transaction?gid=" + gid);
        await visit.Button("Retry 01 action now").ClickAsync();
        await stage.Server.Accept("forceStop", PatternBodies.Of(gid, "saga")); // Another operator was faster.

        await visit.Button("Retry").ClickAsync();

        await Expect(visit.Dialog.GetByRole(AriaRole.Alert)).ToContainTextAsync(
            "does not wait for a retry: the transaction is failed");
        await visit.Button("Close").ClickAsync();
        await Expect(visit.Dialog).ToHaveCountAsync(0);
        Assert.Single(busi.On("/Act1"));
    }

    [Fact]
    public async Task Without_the_role_admin_one_may_look_only()
    {
        await using var busi = await Participant.Start();
        var gid = await Waiting(busi);
        await using var visit = await stage.VisitAt(
            $"{stage.Server.Url}/#/transaction?gid={gid}", null, static page => page.RouteAsync(
                "**/ui/session", static route => route.FulfillAsync(
                    new() { Json = new { name = "reader", roles = new[] { "read" }, csrf = "t" } })));

        await Expect(visit.Button("Force stop")).ToBeDisabledAsync();
        await Expect(visit.Button("Retry now")).ToBeDisabledAsync();
        await Expect(visit.Button("Retry 01 action now")).ToBeDisabledAsync();
        await Expect(visit.Page.Locator("#who")).ToHaveTextAsync("reader");
        await stage.Server.Accept("forceStop", PatternBodies.Of(gid, "saga"));
    }

    /// <summary>Submits a saga whose two concurrent branches wait for minutes.</summary>
    private async Task<string> Waiting(Participant busi)
    {
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Error);
        busi.On("/Act2", Reply.Error);
        await stage.Server.Accept("submit", SagaBody.Of(gid, busi).With("custom_data", """{"concurrent":true}"""));
        await stage.Server.UntilWaiting(gid, 2);
        return gid;
    }
}

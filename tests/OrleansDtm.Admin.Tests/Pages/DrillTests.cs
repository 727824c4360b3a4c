using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>
/// A night on call: among 10,000 transactions one service is broken in two ways, one host does not answer, and one
/// compensation is poisoned. From the overview an operator finds, explains and repairs all of it in 15 clicks.
/// </summary>
public sealed class DrillTests(AdminStage stage)
{
    private const int All = 10_000;
    private const int Broken = 60;
    private const int Gone = 40;
    private const int Slow = 30;

    private volatile bool _isRepaired;
    private int _clicks;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Among_ten_thousand_everything_is_found_explained_and_repaired_in_fifteen_clicks()
    {
        await using var server = await AdminServer.Start("--RetryInterval=600", "--RequestTimeout=1");
        var gate = new Gate();
        await using var bank = await Participant.Start(
            call => _isRepaired ? Reply.Success : call.Path == "/pay" ? Reply.Error : new Reply(404, "no such route"));
        await using var stock = await Participant.Start(_ => _isRepaired ? Reply.Success : Reply.Success.After(gate));
        await using var trips = await Participant.Start(
            static call => call.Path switch
            {
                "/Act2" => Reply.Refusal,
                "/Comp1" => Reply.Error,
                _ => Reply.Success,
            });
        var poisoned = SagaBody.NewGid();
        var stuck = await Fill(server, bank, stock, trips, poisoned);

        await using var visit = await stage.VisitAt(
            server.Url + "/#/", new() { ViewportSize = new() { Width = 1360, Height = 900 } });
        var attention = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Needs attention" });
        var bankIsFailing = attention.GetByRole(
            AriaRole.Link, new() { Name = $"{Broken + Gone} transactions wait for it" });
        await Expect(bankIsFailing).ToBeVisibleAsync();
        await Expect(attention.Locator("li", new() { HasText = new Uri(stock.Url).Authority }))
            .ToContainTextAsync("does not answer");
        await Expect(visit.Tile("Retrying")).ToContainTextAsync($"{Broken + Gone + Slow}");
        await Expect(visit.Tile("Put aside")).ToContainTextAsync("1");
        await visit.Shot("drill-1-overview");

        // The service that is broken in two ways: both errors are in the list.
        await Click(bankIsFailing);
        await Expect(visit.Main.Locator("tbody")).ToContainTextAsync("404");
        await Expect(visit.Main.Locator(".totals")).ToContainTextAsync($"{Broken + Gone} transactions");
        await visit.Shot("drill-2-two-errors");
        _isRepaired = true;
        await RetryAllThatMatch(visit, Broken + Gone);
        await visit.Shot("drill-3-job");

        // The host that does not answer.
        await Click(visit.Page.GetByRole(AriaRole.Link, new() { Name = "Overview" }));
        await Click(attention.GetByRole(AriaRole.Link, new() { Name = $"{Slow} transactions wait for it" }));
        await Expect(visit.Main.Locator(".totals")).ToContainTextAsync($"{Slow} transactions");
        gate.Open();
        await RetryAllThatMatch(visit, Slow);
        await Task.WhenAll(stuck.Select(gid => server.UntilStatus(gid, "succeed")));

        // The poisoned compensation: the page of the transaction says why, and the operator has undone it by hand.
        await Click(visit.Page.GetByRole(AriaRole.Link, new() { Name = "Overview" }));
        await Click(attention.GetByRole(AriaRole.Link, new() { Name = "1 transaction is put aside" }));
        await Click(visit.Main.Locator("tbody").GetByRole(AriaRole.Link, new() { Name = poisoned }));
        await Expect(visit.Page.GetByRole(AriaRole.Region, new() { Name = "Why it is waiting" })).ToContainTextAsync(
            new Regex("Rolling back: 01 compensate of .* is put aside after 1 attempt without success"));
        await visit.Shot("drill-4-poisoned");
        await Click(visit.Page.GetByRole(AriaRole.Button, new() { Name = "Resolve 01 compensate" }));
        await visit.Dialog.GetByLabel("Reason").FillAsync("refunded by hand");
        await Click(visit.Dialog.GetByRole(AriaRole.Button, new() { Name = "Resolve" }));
        await server.UntilStatus(poisoned, "failed");

        await Click(visit.Page.GetByRole(AriaRole.Link, new() { Name = "Overview" }));
        await Expect(visit.Tile("Unfinished")).ToContainTextAsync("0");
        await Expect(visit.Tile("Retrying")).ToContainTextAsync("0");
        await Expect(visit.Tile("Put aside")).ToContainTextAsync("0");
        await Expect(attention.GetByText("wait for it")).ToHaveCountAsync(0);
        await visit.Shot("drill-5-repaired");
        Assert.InRange(_clicks, 1, 15);
    }

    /// <summary>Submits all transactions, and waits until what is broken has failed.</summary>
    /// <returns>The gids that the operator shall bring to success.</returns>
    private static async Task<string[]> Fill(
        AdminServer server, Participant bank, Participant stock, Participant trips, string poisoned)
    {
        var stuck = new List<(string Gid, string Url)>();
        stuck.AddRange(Enumerable.Range(0, Broken).Select(_ => (SagaBody.NewGid(), bank.Url + "/pay")));
        stuck.AddRange(Enumerable.Range(0, Gone).Select(_ => (SagaBody.NewGid(), bank.Url + "/refund")));
        stuck.AddRange(Enumerable.Range(0, Slow).Select(_ => (SagaBody.NewGid(), stock.Url + "/take")));
        await Parallel.ForEachAsync(
            Enumerable.Range(0, All - stuck.Count - 1),
            new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancel },
            async (_, _) => await server.AcceptEmpty(SagaBody.NewGid()));
        foreach (var (gid, url) in stuck)
        {
            await server.Accept("submit", new JsonObject
            {
                ["gid"] = gid,
                ["trans_type"] = "saga",
                ["steps"] = new JsonArray(new JsonObject { ["action"] = url, ["compensate"] = "" }),
                ["payloads"] = new JsonArray("{}"),
            });
        }

        await server.Accept("submit", SagaBody.Of(poisoned, trips).With("give_up_after", 1));
        await Task.WhenAll(stuck.Select(one => server.UntilWaiting(one.Gid)));
        await server.UntilParked(poisoned);
        return [.. stuck.Select(static one => one.Gid)];
    }

    private async Task RetryAllThatMatch(Visit visit, int count)
    {
        await Click(visit.Page.GetByLabel("All that match the filter"));
        await Click(visit.Button("Retry"));
        await Expect(visit.Dialog).ToContainTextAsync($"{count} unfinished transactions");
        await Click(visit.Dialog.GetByRole(AriaRole.Button, new() { Name = "Retry" }));
        await Expect(visit.Page.GetByRole(AriaRole.Region, new() { Name = "Jobs" }))
            .ToContainTextAsync($"{count} changed");
    }

    private async Task Click(ILocator what)
    {
        _clicks++;
        await what.ClickAsync();
    }
}

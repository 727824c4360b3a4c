using System.Text.RegularExpressions;
using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Tests.Support;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Cli;

/// <summary>odtm show.</summary>
[Collection(SharedServer.Name)]
public sealed partial class ShowTests(RunningServer running)
{
    private static readonly DateTimeOffset Now = new(2026, 11, 29, 10, 0, 30, TimeSpan.Zero);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Recorded answers of query, and what odtm makes of them. UPDATE_GOLDEN=1 writes the texts.</summary>
    [Theory]
    [InlineData("failing-saga")]
    [InlineData("failing-saga", "--full")]
    [InlineData("rolling-back-saga")]
    [InlineData("parked-saga")]
    [InlineData("overdue-msg")]
    [InlineData("stopped-saga")]
    [InlineData("prepared-tcc")]
    public async Task A_transaction_is_shown_as_the_golden_text(string name, params string[] options)
    {
        var folder = RepositoryRoot.File("tests", "OrleansDtm.WireTests", "Cli", "Golden");
        var answer = await File.ReadAllTextAsync(Path.Combine(folder, $"{name}.json"), Cancel);
        await using var coordinator = await Participant.Start(_ => new Reply(200, answer));

        var shown = await Odtm.Run(
            new Surroundings(coordinator.Url) { Clock = new FakeTimeProvider(Now) },
            ["show", "order-4711", .. options]);

        shown.Ends(0);
        var golden = Path.Combine(folder, $"{name}{string.Concat(options)}.txt");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            await File.WriteAllTextAsync(golden, shown.Output, Cancel);
        }

        Assert.Equal(await File.ReadAllTextAsync(golden, Cancel), shown.Output);
    }

    [Fact]
    public async Task A_failing_saga_tells_why_it_waits_and_what_can_be_done()
    {
        await using var busi = await Participant.Start();
        busi.On("/Act2", new Reply(500, "stock is \u001b[31mgone"));
        var gid = SagaBody.NewGid();
        await running.Dtm.Accept(SagaBody.Of(gid, busi).With("retry_interval", 300));
        await running.Dtm.UntilWaiting(gid);

        var table = (await Odtm.Run(running.Process.Url, "show", gid)).Ends(0);
        var json = (await Odtm.Run(running.Process.Url, "show", gid, "--output", "json")).Ends(0).Json;
        await running.Dtm.Post("forceStop", new() { ["gid"] = gid });

        Assert.StartsWith($"saga {gid} submitted\n", table.Output, StringComparison.Ordinal);
        Assert.Matches(@"state +02 action did not succeed in 1 attempt; next attempt in \d+ min \d+ s", table.Output);
        Assert.Matches(@"last error +HTTP status 500: stock is gone", table.Output);
        Assert.Matches(@"action +succeed +1 attempt +13 B +http://127", table.Output);
        Assert.Contains($"  odtm retry {gid} --branch 02 --op action", table.Output, StringComparison.Ordinal);
        Assert.DoesNotMatch(Decoration(), table.Output);
        Assert.Equal(
            ("submitted", 4), ((string?)json["transaction"]!["status"], json["branches"]!.AsArray().Count));
    }

    [Fact]
    public async Task On_a_terminal_it_is_a_tree_and_with_NO_COLOR_one_without_colours()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        await running.Dtm.Accept(SagaBody.Of(gid, busi).With("wait_result", true));

        var tree = await Odtm.Run(
            new Surroundings(running.Process.Url) { HasScreen = true, Variables = { ["NO_COLOR"] = "1" } },
            "show", gid);
        tree.Ends(0);

        Assert.Contains("├── ", tree.Output, StringComparison.Ordinal);
        Assert.DoesNotMatch(Colour(), tree.Output);
    }

    /// <summary>Sequences of colours; bold is not one.</summary>
    [GeneratedRegex(@"\u001b\[[0-9;]*([34]|9|10)\d")]
    private static partial Regex Colour();

    /// <summary>Colours and lines of tables and trees.</summary>
    [GeneratedRegex("[\u001b\u2500-\u257f]")]
    private static partial Regex Decoration();
}

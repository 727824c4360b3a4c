using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Cli;

/// <summary>odtm watch and bench.</summary>
[Collection(SharedServer.Name)]
public sealed class WatchTests(RunningServer running)
{
    private string Url => running.Process.Url;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_transaction_is_followed_to_its_end()
    {
        await using var busi = await Participant.Start();
        busi.On("/Act1", Reply.Error, Reply.Success);
        var gid = SagaBody.NewGid();
        await running.Dtm.Accept(SagaBody.Of(gid, busi).With("retry_interval", 1));

        var watched = (await Odtm.Run(Url, "watch", gid, "--interval=0.1")).Ends(0);

        Assert.Matches("01 action attempt 1  unknown in .* ms: HTTP status 500", watched.Output);
        Assert.Matches("01 action attempt 2  succeeded", watched.Output);
        Assert.EndsWith($"{gid} succeed\n", watched.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_fails_ends_with_1_and_JSON_has_a_line_a_change()
    {
        await using var busi = await Participant.Start();
        busi.On("/Act2", Reply.Refusal);
        var gid = SagaBody.NewGid();
        await running.Dtm.Accept(SagaBody.Of(gid, busi));

        var watched = (await Odtm.Run(Url, "watch", gid, "-o", "json")).Ends(1);

        var last = watched.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.Equal("failed", (string?)JsonNode.Parse(last)!["transaction"]!["status"]);
        (await Odtm.Run(Url, "watch", "nobody")).Ends(3).Says("There is no transaction 'nobody'");
    }

    [Fact]
    public async Task The_list_is_refreshed_until_it_is_interrupted()
    {
        await using var busi = await Participant.Start();
        busi.On("/Act1", Reply.Error);
        var gid = SagaBody.NewGid();
        await running.Dtm.Accept(SagaBody.Of(gid, busi).With("retry_interval", 300));
        using var stop = new CancellationTokenSource();
        using var output = new Watched(gid, stop);

        var watched = await Odtm.Run(new Surroundings(Url) { Output = output, Cancel = stop.Token }, "watch");
        await running.Dtm.Post("forceStop", new JsonObject { ["gid"] = gid });

        Assert.Matches($"{gid} +saga +submitted", watched.Ends(0).Output);
    }

    [Fact]
    public async Task The_program_ends_a_watch_with_0_when_it_is_interrupted()
    {
        await using var busi = await Participant.Start();
        busi.On("/Act1", Reply.Error);
        var gid = SagaBody.NewGid();
        await running.Dtm.Accept(SagaBody.Of(gid, busi).With("retry_interval", 300));

        using var process = Process.Start(new ProcessStartInfo(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "OrleansDtm.Cli.dll"), "watch", gid, "--server", Url])
        {
            RedirectStandardOutput = true,
        })!;
        var line = await process.StandardOutput.ReadLineAsync(Cancel);
        using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await process.WaitForExitAsync(Cancel);
        await running.Dtm.Post("forceStop", new JsonObject { ["gid"] = gid });

        Assert.NotNull(line);
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public async Task A_load_of_sagas_is_measured()
    {
        var json = (await Odtm.Run(Url, "bench", "--seconds=0.5", "--clients=2", "-o", "json")).Ends(0).Json;
        var table = (await Odtm.Run(Url, "bench", "--seconds=0.2", "--clients=1", "--steps=1")).Ends(0);

        Assert.True((int)json["sagas"]! > 0);
        Assert.Equal(0, (int)json["errors"]!);
        Assert.InRange((double)json["p50_ms"]!, 0.01, (double)json["p99_ms"]!);
        Assert.Matches(@"^SAGAS/S +P50 +P95 +P99 +MAX +SAGAS +ERRORS\n\d+\.\d +\d", table.Output);
        (await Odtm.Run("http://dtm.example.com", "bench")).Ends(2).Says("--listen: missing");
    }

    /// <summary>Interrupts when a text appears.</summary>
    private sealed class Watched(string text, CancellationTokenSource stop) : StringWriter(CultureInfo.InvariantCulture)
    {
        public override Task FlushAsync(CancellationToken cancellationToken) =>
            ToString().Contains(text, StringComparison.Ordinal) ? stop.CancelAsync() : Task.CompletedTask;
    }
}

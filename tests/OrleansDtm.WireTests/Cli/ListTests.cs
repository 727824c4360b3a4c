using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Cli;

/// <summary>odtm list and export.</summary>
[Collection(SharedServer.Name)]
public sealed class ListTests(RunningServer running)
{
    private string Url => running.Process.Url;

    [Fact]
    public async Task Transactions_are_listed_by_status_pattern_and_age_over_several_pages()
    {
        await using var busi = await Participant.Start();
        string[] gids = [SagaBody.NewGid(), SagaBody.NewGid(), SagaBody.NewGid()];
        foreach (var gid in gids)
        {
            await running.Dtm.Accept(SagaBody.Of(gid, busi).With("wait_result", true));
        }

        var table = (await Odtm.Run(
            Url, "list", "--status", "succeed", "--type=saga", "--since=1h", "-n", "3")).Ends(0);
        var first = (await Odtm.Run(Url, "list", "--status=succeed", "--limit=2", "-o", "json")).Ends(0).Json;
        var second = (await Odtm.Run(
            Url, "list", "--status=succeed", "-n=1", "-o=json", $"--position={first["next_position"]}")).Ends(0).Json;
        var old = (await Odtm.Run(Url, "list", "--until", "30d")).Ends(0);

        var lines = table.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches("^GID +TYPE  STATUS   CREATED +AGE +NEXT  REASON$", lines[0]);
        Assert.Equal(gids.Reverse(), lines[1..].Select(static line => line.Split(' ')[0]));
        Assert.Contains("add --position", table.Errors, StringComparison.Ordinal);
        Assert.Equal(gids.Reverse(), Gids(first).Concat(Gids(second)));
        Assert.Equal(("", "No transactions match."), (old.Output, old.Errors.Trim()));
    }

    [Fact]
    public async Task Overdue_and_unfinished_transactions_are_selected()
    {
        await using var busi = await Participant.Start();
        var gid = await Stuck(busi);
        var later = new AheadClock(TimeSpan.FromHours(1));

        var unfinished = (await Odtm.Run(Url, "list", "--unfinished", "-o", "json")).Ends(0).Json;
        var overdue = (await Odtm.Run(Url, "list", "--overdue", "-o", "json")).Ends(0).Json;
        var then = (await Odtm.Run(new Surroundings(Url) { Clock = later }, "list", "--overdue")).Ends(0);
        await running.Dtm.Post("forceStop", new JsonObject { ["gid"] = gid });

        Assert.Contains(gid, Gids(unfinished));
        Assert.DoesNotContain(gid, Gids(overdue));
        Assert.Matches($"{gid} +saga +submitted .* overdue by \\d+ min", then.Output);
        (await Odtm.Run(Url, "list", "--overdue", "--status=failed")).Ends(2);
    }

    [Fact]
    public async Task Lines_are_written_for_spreadsheets_and_programs()
    {
        await using var busi = await Participant.Start();
        var start = SagaBody.NewGid();
        foreach (var number in new[] { 1, 2, 3 })
        {
            await running.Dtm.Accept(SagaBody.Of($"{start}-{number}", busi).With("wait_result", true));
        }

        var csv = (await Odtm.Run(Url, "list", $"--gid-prefix={start}", "--lines", "csv")).Ends(0);
        var lines = csv.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("gid,namespace,trans_type,status,", lines[0], StringComparison.Ordinal);
        Assert.Equal(
            [$"{start}-3,,saga,succeed,false", $"{start}-2,,saga,succeed,false", $"{start}-1,,saga,succeed,false"],
            lines[1..].Select(static line => string.Join(',', line.Split(',')[..5])));
        Assert.Equal("", csv.Errors);

        var some = (await Odtm.Run(Url, "list", $"--gid-prefix={start}", "--lines=jsonl", "-n=2")).Ends(0);
        Assert.Equal(
            [$"{start}-3", $"{start}-2"],
            some.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(static line => (string?)JsonNode.Parse(line)!["gid"]));
        Assert.Equal("There are more: raise --limit.", some.Errors.Trim());
        (await Odtm.Run(Url, "list", "--lines=xml")).Ends(2);
    }

    [Fact]
    public async Task Transactions_are_exported_as_query_answers_to_a_file_that_only_the_user_can_read()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        await running.Dtm.Accept(SagaBody.Of(gid, busi).With("wait_result", true));
        var file = Path.Combine(Directory.CreateTempSubdirectory("odtm-").FullName, "out.json");
        try
        {
            var named = (await Odtm.Run(Url, "export", gid, "--out", file)).Ends(0);
            var listed = (await Odtm.Run(Url, "export", "--status=succeed", "--limit=1")).Ends(0);
            var missing = await Odtm.Run(Url, "export", "nobody", "--out", file);

            var text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
            Assert.Equal(gid, (string?)JsonNode.Parse(text)!["transaction"]!["gid"]);
            Assert.Equal(JsonNode.Parse(text)!.ToJsonString(), listed.Json.ToJsonString());
            Assert.Contains("1 transaction of http://", named.Errors, StringComparison.Ordinal);
            Assert.Empty(named.Output);
            missing.Ends(3).Says("There is no transaction 'nobody'");
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        }
    }

    private async Task<string> Stuck(Participant busi)
    {
        busi.On("/Act1", Reply.Error);
        var gid = SagaBody.NewGid();
        await running.Dtm.Accept(SagaBody.Of(gid, busi).With("retry_interval", 300));
        await running.Dtm.UntilWaiting(gid);
        return gid;
    }

    private static IEnumerable<string> Gids(JsonNode listing) =>
        listing["transactions"]!.AsArray().Select(static t => (string)t!["gid"]!);

    private sealed class AheadClock(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}

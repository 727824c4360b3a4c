using System.Text.Json.Nodes;
using OrleansDtm.Server.Commands;
using OrleansDtm.Tests.Support.Import;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Commands;

/// <summary>export while the coordinator runs.</summary>
[Collection(SharedServer.Name)]
public sealed class ExportTests(RunningServer running)
{
    [Fact]
    public async Task Of_store_and_server_alike_a_transaction_is_told_with_payloads_and_attempts_and_without_secrets()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act2", Reply.Error, Reply.Refusal);
        var body = SagaBody.Of(gid, busi);
        body["payloads"]![0] = """{"amount":30,"card":{"password":"sesame"}}""";
        body["branch_headers"] = new JsonObject { ["X-Tenant"] = "t1", ["Authorization"] = "Bearer sesame" };
        await running.Dtm.Accept(body.With("retry_interval", 0.05));
        await running.Dtm.Until("failed", gid);
        string[] store = [$"--Store:Path={running.Process.StorePath}"];
        var file = Path.GetTempFileName();

        var ofStore = await ServerCommand.Run(["export", "--gid", gid, "--out", file, .. store]);
        ofStore.Ends(0);
        var text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        var document = JsonNode.Parse(text)!;
        Judge(document, gid);
        Assert.Equal("failed", (string?)document["transaction"]!["status"]);
        Assert.True((long)document["record"]!["version"]! > 3);
        Assert.DoesNotContain("sesame", text, StringComparison.Ordinal);

        var ofServer = await ServerCommand.Run("export", $"--gid={gid}", $"--server={running.Process.Url}");
        ofServer.Ends(0);
        Judge(JsonNode.Parse(ofServer.Output)!, gid);
        Assert.DoesNotContain("sesame", ofServer.Output, StringComparison.Ordinal);

        var whole = await ServerCommand.Run(["export", $"--gid={gid}", "--with-secrets", .. store]);
        whole.Ends(0);
        Assert.Contains("\"Authorization\": \"Bearer sesame\"", whole.Output, StringComparison.Ordinal);
        File.Delete(file);
    }

    [Fact]
    public async Task Many_are_written_a_line_each()
    {
        await using var busi = await Participant.Start();
        string[] gids = [SagaBody.NewGid(), SagaBody.NewGid(), SagaBody.NewGid()];
        foreach (var gid in gids)
        {
            await running.Dtm.Accept(SagaBody.Of(gid, busi).With("wait_result", true));
        }

        var found = await ServerCommand.Run(
            "export",
            "--status=succeed",
            "--type=saga",
            "--since=1h",
            "--limit=2",
            $"--Store:Path={running.Process.StorePath}");
        found.Ends(0);
        Assert.Equal(
            gids[1..].Reverse(),
            found.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(
                static line => (string?)JsonNode.Parse(line)!["transaction"]!["gid"]));
        Assert.Contains("2 transactions of ", found.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_there_is_said_with_exit_code_1()
    {
        foreach (var where in new[] { $"--Store:Path={running.Process.StorePath}", $"--server={running.Process.Url}" })
        {
            var missing = await ServerCommand.Run("export", "--gid=nobody", where);
            missing.Ends(1);
            Assert.StartsWith("There is no transaction 'nobody' in ", missing.Errors, StringComparison.Ordinal);
            Assert.Empty(missing.Output);
        }

        var nowhere = await ServerCommand.Run("export", "--gid=nobody", "--Store:Path=/nowhere/dtm.db");
        nowhere.Ends(1);
        Assert.Contains("There is no file '/nowhere/dtm.db'", nowhere.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists("/nowhere"));
    }

    [Theory]
    [InlineData("--gid: cannot be combined with --status", "--gid=g", "--status=failed")]
    [InlineData("--since: 'yesterday' is not a time", "--since=yesterday")]
    [InlineData("--status: 'bad' is unknown", "--status=bad")]
    [InlineData("--server: 'x' is not a URL such as", "--gid=g", "--server=x")]
    [InlineData("cannot be combined with --server", "--gid=g", "--server=http://x", "--Store:Path=y")]
    public async Task Wrong_arguments_are_named(string message, params string[] args)
    {
        using var errors = new StringWriter();
        var line = new CommandLine(new ExportCommand()) { Errors = errors };

        Assert.Equal(CommandLine.Misused, await line.Run(["export", .. args]));
        Assert.Contains(message, errors.ToString(), StringComparison.Ordinal);
    }

    private static void Judge(JsonNode document, string gid)
    {
        Assert.Equal(
            ("orleansdtm-export/1", gid), ((string?)document["format"], (string?)document["transaction"]!["gid"]));
        Assert.Equal("t1", (string?)document["transaction"]!["options"]!["branch_headers"]!["X-Tenant"]);
        var second = document["branches"]!
            .AsArray()
            .Single(static b => (string?)b!["branch_id"] == "02" && (string?)b["op"] == "action")!;
        Assert.Equal(["unknown", "failed"], second["history"]!.AsArray().Select(static a => (string?)a!["outcome"]));
        var first = document["branches"]!.AsArray().First(static b => (string?)b!["branch_id"] == "01")!;
        Assert.Equal((30, "***"), ((int)first["payload"]!["amount"]!, (string?)first["payload"]!["card"]!["password"]));
    }
}

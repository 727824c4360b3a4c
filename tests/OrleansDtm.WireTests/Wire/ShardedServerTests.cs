using System.Net;
using System.Text;
using Microsoft.Data.Sqlite;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>A server whose store is split over two files.</summary>
public sealed class ShardedServerTests : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleans-dtm-");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sagas_run_on_all_shards_survive_a_restart_and_are_listed_together()
    {
        await using var busi = await Participant.Start();
        await using var server = await Start(0, 1);
        using var dtm = new Dtm(server);
        var gids = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            foreach (var shard in (int[])[0, 1])
            {
                gids.Add(Gid(shard));
                await dtm.Accept(SagaBody.Of(gids[^1], busi, 1).With("wait_result", true));
            }
        }

        Assert.Equal(0, await server.Terminate(Poll.Patience, Cancel));
        await server.Restart(Cancel);

        var (listed, position) = (new List<string>(), "");
        do
        {
            var page = await dtm.Get($"all?limit=3&position={position}");
            listed.AddRange(page.Json!["transactions"]!.AsArray().Select(static t => (string)t!["gid"]!));
            position = (string)page.Json["next_position"]!;
        }
        while (position.Length > 0);
        Assert.Equal(Enumerable.Reverse(gids), listed);
        Assert.Equal("succeed", (string?)(await dtm.Transaction(gids[5]))!["status"]);
        Assert.Equal(gids[5], (string?)(await dtm.Get("all?gid=" + gids[5])).Json!["transactions"]![0]!["gid"]);
        var refused = await dtm.Get("all?position=17");
        Assert.Equal(
            (400, "position: '17' is not a next_position of these 2 shards"), (refused.Status, refused.Message));
    }

    [Fact]
    public async Task A_shard_that_takes_no_writes_is_answered_503_until_it_does_and_the_other_goes_on()
    {
        await using var busi = await Participant.Start();
        await using var server = await Start(0, 1);
        using var dtm = new Dtm(server);
        var (blocked, free) = (Gid(1), Gid(0));
        await using (var holder = new SqliteConnection($"Data Source={Place(1)};Pooling=False"))
        {
            await holder.OpenAsync(Cancel);
            await using var transaction = holder.BeginTransaction(deferred: false);
            var refused = Submit(server, SagaBody.Of(blocked, busi, 1).ToJsonString());
            await dtm.Accept(SagaBody.Of(free, busi, 1).With("wait_result", true));
            var (status, retryAfter, text) = await refused;
            Assert.True(status == HttpStatusCode.ServiceUnavailable, $"{status}: {text}");
            Assert.Equal(TimeSpan.FromSeconds(1), retryAfter);
            Assert.DoesNotContain("FAILURE", text, StringComparison.Ordinal);
            Assert.Null(await dtm.Transaction(blocked));
        }

        await dtm.Accept(SagaBody.Of(blocked, busi, 1));
        await dtm.Until("succeed", blocked);
        Assert.Equal(2, busi.Calls.Count);
    }

    [Fact]
    public async Task A_list_that_would_lose_transactions_stops_the_start_with_the_fix()
    {
        await using (var server = await Start(0, 1))
        {
            Assert.Equal(0, await server.Terminate(Poll.Patience, Cancel));
        }

        Assert.Contains(
            "List the databases in the order they were first started with.",
            await Refused(1, 0),
            StringComparison.Ordinal);
        Assert.Contains("Store:Shards lists 3 databases", await Refused(0, 1, 2), StringComparison.Ordinal);
        Assert.Contains("name all 2 databases in Store:Shards", await Refused(0), StringComparison.Ordinal);
    }

    [Fact]
    public void Shards_come_from_the_command_line_the_environment_and_yaml()
    {
        var file = Path.Combine(_home.FullName, "conf.yml");
        File.WriteAllText(file, "Store:\n  Shards:\n    - a.db\n    - b.db\n  Retention: 60\n");

        var options = SettingsLoader.Load(["-c", file]).Store;
        Assert.Equal(["a.db", "b.db"], options.Shards);
        Assert.Equal(TimeSpan.FromSeconds(60), options.Retention);
        Assert.Equal(["a.db", "c.db"], SettingsLoader.Load(["--Store:Shards:1=c.db", "-c", file]).Store.Shards);
        Assert.Empty(SettingsLoader.Load([]).Store.Shards);
        Assert.Equal(TimeSpan.FromDays(7), SettingsLoader.Load([]).Store.Retention);
        Assert.Null(SettingsLoader.Load(["--Store:Retention=0"]).Store.Retention);
    }

    [Theory]
    [InlineData(
        "Store:Shards: '2' is not a list: Store:Shards:0, Store:Shards:1",
        "--Store:Shards:0=a.db",
        "--Store:Shards:2=b.db")]
    [InlineData(
        "Store:Shards:1: 'the same as an earlier one' is not a database of its own",
        "--Store:Shards:0=a.db",
        "--Store:Shards:1=a.db")]
    [InlineData(
        "Store:Path: '...' is not possible together with Store:Shards", "--Store:Shards:0=a.db", "--Store:Path=c.db")]
    [InlineData(
        "Store:Shards:1: '...' is not complete: add the name of the database", "--Store:Driver=mysql",
        "--Store:Shards:0=Server=a;Database=dtm", "--Store:Shards:1=Server=b")]
    [InlineData("Store:Retention: '-1' is not a number of seconds", "--Store:Retention=-1")]
    public void A_wrong_setting_is_named(string problem, params string[] arguments)
    {
        var refused = Assert.Throws<SettingsException>(() => SettingsLoader.Load(arguments));
        Assert.Contains(refused.Problems, p => p.StartsWith(problem, StringComparison.Ordinal)
            || p.Contains("unknown setting", StringComparison.Ordinal));
    }

    public void Dispose() => _home.Delete(recursive: true);

    private static string Gid(int shard)
    {
        string gid;
        do
        {
            gid = SagaBody.NewGid();
        }
        while (ShardHash.ShardOf(gid, 2) != shard);
        return gid;
    }

    private static async Task<(HttpStatusCode Status, TimeSpan? RetryAfter, string Text)> Submit(
        ServerProcess server, string body)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromMinutes(1) };
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(new Uri(server.Url + "/api/dtmsvr/submit"), content, Cancel);
        return (answer.StatusCode, answer.Headers.RetryAfter?.Delta, await answer.Content.ReadAsStringAsync(Cancel));
    }

    private async Task<string> Refused(params int[] files) =>
        (await Assert.ThrowsAsync<InvalidOperationException>(() => Start(files))).Message;

    private Task<ServerProcess> Start(params int[] files) => ServerProcess.Start(
        Cancel, [("STORE_PATH", ""), .. files.Select((file, i) => ($"ORLEANSDTM_Store__Shards__{i}", Place(file)))]);

    private string Place(int file) => Path.Combine(_home.FullName, $"{file}.db");
}

using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using MySqlConnector;
using OrleansDtm.Core;
using OrleansDtm.Import;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Hosting;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Import;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.DatabaseTests.Import;

public sealed class ImportFromMariaDbTests(DatabaseUnderTest<MariaDbServer> database)
    : ImportFromMySqlDialectTests<MariaDbServer>(database), IClassFixture<DatabaseUnderTest<MariaDbServer>>;

public sealed class ImportFromMySqlTests(DatabaseUnderTest<MySqlServer> database)
    : ImportFromMySqlDialectTests<MySqlServer>(database), IClassFixture<DatabaseUnderTest<MySqlServer>>;

/// <summary>From MySQL or MariaDB into a file.</summary>
public abstract class ImportFromMySqlDialectTests<TServer>(DatabaseUnderTest<TServer> database)
    : ImportConformance("mysql", database.NewDatabase)
    where TServer : DatabaseServer, new()
{
    [Fact]
    public async Task The_commands_of_the_README_work()
    {
        var place = new MySqlConnectionStringBuilder(database.NewDatabase());
        await using var dtms = await DtmDatabase.Create("mysql", place.ConnectionString);
        await dtms.AddDelayed(3);
        var script = ReadmeCommands.Blocks()
            .Single(block => block.Contains("import --dry-run", StringComparison.Ordinal))
            .Replace(
                "mysql://dtm:secret@localhost:3306/dtm",
                $"mysql://root@127.0.0.1:{place.Port}/{place.Database}?SslMode=None",
                StringComparison.Ordinal)
            .Replace(
                "dotnet run --project src/OrleansDtm.Server --",
                $"dotnet {typeof(SettingsLoader).Assembly.Location}",
                StringComparison.Ordinal);

        var output = await ReadmeCommands.Bash($"cd {Path.GetDirectoryName(Target.Path)}\n{script}");

        Assert.Contains("Everything can be taken over", output, StringComparison.Ordinal);
        Assert.Contains("Everything is here.", output, StringComparison.Ordinal);
    }

    protected override bool IsTargetThere() => File.Exists(Target.Path);

    private protected override void WhileItRuns(ServerCommand import)
    {
        import.Ends(1);
        Assert.Contains(
            "a SQLite file belongs to one process. Stop the other one", import.Errors, StringComparison.Ordinal);
    }
}

/// <summary>From PostgreSQL into MySQL.</summary>
public sealed class ImportFromPostgresTests
    : ImportConformance,
        IClassFixture<DatabaseUnderTest<PostgresServer>>,
        IClassFixture<DatabaseUnderTest<MariaDbServer>>
{
    private readonly DatabaseUnderTest<PostgresServer> _source;

    public ImportFromPostgresTests(DatabaseUnderTest<PostgresServer> source, DatabaseUnderTest<MariaDbServer> target)
        : base("postgres", source.NewDatabase)
    {
        _source = source;
        Target = new StoreOptions { Driver = "mysql", ConnectionString = target.NewDatabase() };
    }

    /// <summary>The three rows are written in one commit. MariaDB's limit for a command is 16 MiB.</summary>
    [Fact]
    public async Task A_row_that_is_larger_than_the_target_takes_stays_behind_alone()
    {
        await using var dtms = await DtmDatabase.Create("postgres", _source.NewDatabase());
        foreach (var (gid, bytes) in new[] { ("before", 2), ("huge", 20 << 20), ("behind", 2) })
        {
            await dtms.Add(
                Row(gid, "msg", "submitted"),
                [.. Branches(gid, "http://127.0.0.1:1", "01 action prepared").Select(
                    b => b with { Data = new byte[bytes] })]);
        }

        var import = await Import(dtms);

        import.Ends(1);
        Assert.Matches(@"refused: msg 'huge' \(submitted\): .*max_allowed_packet.*ODTM2010", import.Output);
        Assert.Matches(@"msg submitted +2 +0 +0 +1", import.Output);
        Assert.Equal(["before", "behind"], (await Here()).Order(StringComparer.Ordinal));
    }

    protected override bool IsTargetThere()
    {
        using var connection = new MySqlConnection(Target.ConnectionString);
        try
        {
            connection.Open();
            return true;
        }
        catch (MySqlException e) when (e.ErrorCode == MySqlErrorCode.UnknownDatabase)
        {
            return false;
        }
    }

    private protected override void WhileItRuns(ServerCommand import)
    {
        import.Ends(0);
        Assert.Matches(@"saga submitted +0 +1 +0 +0", import.Output);
    }
}

/// <summary>From DTM's tables to the end of the transactions. The import runs as a process.</summary>
public abstract class ImportConformance : IDisposable
{
    /// <summary>The remaining calls of <see cref="Fill"/>, in the order of each transaction.</summary>
    private static readonly string[] Left =
    [
        "m-asked 00 msg", "m-asked 01 action",
        "m-topic 01-02 action", "m-topic 02 action",
        "s-back 02 compensate", "s-back 01 compensate",
        "s-half 02 action", "s-half 03 action",
        "t-confirm 01 confirm",
        "t-late 02 cancel", "t-late 01 cancel",
        "w-resume 00 wf1",
        "x-commit 01 commit", "x-commit 02 commit",
    ];

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleans-dtm-import-");
    private readonly DateTimeOffset _now = DateTimeOffset.FromUnixTimeSeconds(
        TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());

    private readonly string _driver;
    private readonly Func<string> _newDatabase;

    /// <param name="driver">The driver of the DTM's database.</param>
    /// <param name="newDatabase">Returns connection strings of databases that do not exist yet.</param>
    private protected ImportConformance(string driver, Func<string> newDatabase)
    {
        _driver = driver;
        _newDatabase = newDatabase;
        Target = new StoreOptions { Path = Path.Combine(_home.FullName, "dtm.db") };
    }

    /// <summary>The target store; a file by default.</summary>
    private protected StoreOptions Target { get; init; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _home.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task What_a_DTM_left_is_finished_here_with_the_calls_that_are_left_and_no_others()
    {
        await using var dtms = await DtmDatabase.Create(_driver, _newDatabase());
        await using var service = await Participant.Start();
        await Fill(dtms, service.Url);
        var before = await dtms.Dump();

        var first = await Import(dtms);
        first.Ends(0);
        Assert.Contains("Everything is here.", first.Output, StringComparison.Ordinal);
        var second = await Import(dtms);
        second.Ends(0);
        Assert.Matches(@"saga submitted +0 +1 +0 +0", second.Output); // None imported, one exists already.
        Assert.Matches(@"topic +0 +1 +0 +0", second.Output);
        Assert.Equal(before, await dtms.Dump());

        await using var server = await ServerProcess.Start(
            Cancel,
            ("STORE_PATH", Target.Path),
            ("STORE_DRIVER", Target.Driver),
            ("Store__ConnectionString", Target.ConnectionString));
        using var dtm = new Dtm(server);
        await service.Called("/w-resume/query");
        var end = new JsonObject
        {
            ["gid"] = "w-resume",
            ["trans_type"] = "workflow",
            ["req_extra"] = new JsonObject { ["status"] = "succeed" },
        };
        Assert.Equal(200, (await dtm.Submit(end)).Status);
        foreach (var gid in Left.Select(static call => call.Split(' ')[0]).Distinct())
        {
            await dtm.Until(gid is "s-back" or "t-late" ? "failed" : "succeed", gid);
        }

        Assert.Equal(Left, service.Calls.GroupBy(c => c.Gid)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .SelectMany(g => g)
            .Select(c => $"{c.Gid} {c.Branch} {c.Op}"));
        await LooksAsInDtm(dtm, service);
        WhileItRuns(await Import(dtms));
    }

    [Fact]
    public async Task What_cannot_be_taken_over_stays_behind_and_a_dry_run_says_so_before_and_touches_nothing()
    {
        await using var dtms = await DtmDatabase.Create(_driver, _newDatabase());
        await dtms.Add(
            Row("good", "saga", "submitted"),
            Branches("good", "http://127.0.0.1:1", "01 compensate prepared, 01 action prepared"));
        await dtms.Add(Row("future", "quantum", "submitted"), []);
        await dtms.Add(Row("empty", "saga", "submitted"), []);
        await dtms.Add(
            Row("broken", "msg", "submitted") with { Options = "{" },
            Branches("broken", "http://127.0.0.1:1", "01 action prepared"));
        await dtms.AddKeyValue("topics", "nonsense", "not JSON");
        var before = await dtms.Dump();

        var dry = await Import(dtms, "--dry-run");
        dry.Ends(1);
        Assert.Matches(@"saga submitted +1 +0 +0 +1", dry.Output);
        Assert.Contains("4 rows would not be imported", dry.Output, StringComparison.Ordinal);
        Assert.False(IsTargetThere());
        var real = await Import(dtms);
        real.Ends(1);
        Assert.Contains("4 rows were not imported", real.Output, StringComparison.Ordinal);
        foreach (var output in new[] { dry.Output, real.Output })
        {
            Assert.Contains(
                "refused: quantum 'future' (submitted): trans_type: 'quantum' is unknown",
                output,
                StringComparison.Ordinal);
            Assert.Contains(
                "refused: saga 'empty' (submitted): trans_branch_op: has no branches",
                output,
                StringComparison.Ordinal);
            Assert.Contains(
                "refused: msg 'broken' (submitted): options: is not the JSON", output, StringComparison.Ordinal);
            Assert.Contains(
                "refused: topic 'nonsense': v: the subscribers of nonsense", output, StringComparison.Ordinal);
        }

        Assert.Equal(before, await dtms.Dump());
        Assert.Equal(["good"], await Here());
    }

    [Fact]
    public async Task An_absurd_row_stays_behind_by_name_and_stops_nothing()
    {
        const string huge = "9223372036854775807";
        await using var dtms = await DtmDatabase.Create(_driver, _newDatabase());
        foreach (var (gid, options) in ((string, string)[])[
            ("first", ""), ("date", ""), ("branch", ""),
            ("timeout", $$"""{"timeout_to_fail":{{huge}},"retry_interval":{{huge}},"request_timeout":{{huge}}}"""),
            ("negative", $$"""{"timeout_to_fail":-{{huge}},"retry_limit":-{{huge}}}"""),
            ("fraction", """{"retry_interval":1e999}"""), ("last", "")])
        {
            await dtms.Add(
                Row(gid, "saga", "submitted") with { Options = options, NextInterval = int.MaxValue },
                Branches(gid, "http://127.0.0.1:1", "01 compensate prepared, 01 action prepared"));
        }

        await dtms.SpoilDate("trans_global", "date");
        await dtms.SpoilDate("trans_branch_op", "branch");
        var import = await Import(dtms);
        import.Ends(1);
        foreach (var gid in (string[])["date", "branch"])
        {
            Assert.Contains($"refused: saga '{gid}' (submitted): ", import.Output, StringComparison.Ordinal);
        }

        var here = await Here();
        Assert.Contains("first", here);
        Assert.Contains("last", here);
        foreach (var gid in (string[])["timeout", "negative", "fraction"])
        {
            Assert.True(
                here.Contains(gid)
                    || import.Output.Contains($"refused: saga '{gid}' (submitted): ", StringComparison.Ordinal),
                $"{gid} is neither here nor named.");
        }
    }

    [Fact]
    public async Task Without_the_word_that_DTM_is_stopped_nothing_is_taken_over()
    {
        await using var dtms = await DtmDatabase.Create(_driver, _newDatabase());
        var refused = await ServerCommand.Run(Command(dtms));

        refused.Ends(2);
        Assert.Contains("--dtm-stopped", refused.Errors, StringComparison.Ordinal);
        Assert.False(IsTargetThere());
    }

    [Fact]
    public async Task A_gid_that_means_something_else_here_is_reported_and_left_alone()
    {
        await using var dtms = await DtmDatabase.Create(_driver, _newDatabase());
        var branches = Branches("taken", "http://127.0.0.1:1", "01 compensate prepared, 01 action prepared");
        await dtms.Add(Row("taken", "saga", "submitted"), branches);
        await dtms.AddKeyValue("topics", "orders", """[{"url":"http://app/a","remark":""}]""");
        var ours = Rows.Map(Row("taken", "msg", "submitted") with { Created = Rows.Now }, [branches[1]]);
        await using (var store = await Store())
        {
            await store.Write(new TransactionWrite(null, ours, 0), Cancel);
            await ((IKeyValueStore)store).Put("topics", "orders", "[]", 0, Cancel);
        }

        var import = await Import(dtms);

        import.Ends(1);
        Assert.Contains(
            "gid in use: saga 'taken' (submitted): a msg created at", import.Output, StringComparison.Ordinal);
        Assert.Contains(
            "name in use: topic 'orders' has other subscribers here", import.Output, StringComparison.Ordinal);
        await using var after = await Store();
        Assert.Equal(TransactionType.Msg, (await after.Load("taken", Cancel))!.Transaction.Definition.Type);
        Assert.Equal("[]", (await ((IKeyValueStore)after).Get("topics", "orders", Cancel))!.Value);
    }

    [Fact]
    public async Task An_interrupted_import_stops_between_two_pages_and_the_next_one_goes_on()
    {
        const int Count = 4000; // Each is a page of its own, so the import cannot end before the signal arrives.
        await using var dtms = await DtmDatabase.Create(_driver, _newDatabase());
        await dtms.AddDelayed(Count);

        var first = await ServerCommand.Run("Importing into", Command(dtms, "--dtm-stopped", "--batch=1"));
        first.Ends(130);
        Assert.Contains("Run the same command again", first.Output, StringComparison.Ordinal);
        var soFar = (await Here()).Count;
        Assert.InRange(soFar, 0, Count - 1);
        var second = await Import(dtms);
        second.Ends(0);
        Assert.Matches($"msg submitted +{Count - soFar:N0} +{soFar:N0} +0 +0", second.Output);
        Assert.Equal(Count, (await Here()).Count);
    }

    protected abstract bool IsTargetThere();

    /// <summary>Checks the result of an import while a coordinator runs on the target.</summary>
    private protected abstract void WhileItRuns(ServerCommand import);

    /// <summary>Inserts a transaction of each kind and stage, as DTM stores them.</summary>
    private async Task Fill(DtmDatabase dtms, string url)
    {
        await Add(Row("s-half", "saga", "submitted") with
        {
            Options = """{"branch_headers":{"x-tenant":"7"},"concurrent":false}""",
        },
            "01 compensate prepared, 01 action succeed, 02 compensate prepared, 02 action prepared, 03 compensate "
            + "prepared, 03 action prepared");
        await Add(Row("s-back", "saga", "aborting"),
            "01 compensate prepared, 01 action succeed, 02 compensate prepared, 02 action failed, 03 compensate "
            + "prepared, 03 action prepared");
        await Add(
            Row("m-topic", "msg", "submitted"), "01-01 action succeed, 01-02 action prepared, 02 action prepared");
        await Add(
            Row("m-later", "msg", "submitted") with
            {
                CustomData = """{"delay":3600}""",
                NextTry = _now.AddSeconds(3590),
            },
            "01 action prepared");
        await Add(
            Row("m-asked", "msg", "prepared") with
            {
                QueryPrepared = $"{url}/m-asked/query",
                Created = _now.AddSeconds(-60),
            },
            "01 action prepared");
        await Add(
            Row("t-confirm", "tcc", "submitted"),
            "01 cancel prepared, 01 confirm prepared, 02 cancel prepared, 02 confirm succeed");
        await Add(
            Row("t-late", "tcc", "prepared") with { Created = _now.AddSeconds(-60) },
            "01 cancel prepared, 01 confirm prepared, 02 cancel prepared, 02 confirm prepared");
        await Add(
            Row("x-commit", "xa", "submitted"),
            "01 rollback prepared, 01 commit prepared, 02 rollback prepared, 02 commit prepared");
        await Add(
            Row("w-resume", "workflow", "prepared") with
            {
                QueryPrepared = $"{url}/w-resume/query",
                CustomData = """{"name":"wf1","data":"aGVsbG8="}""",
            },
            "01 action succeed");
        await Add(Row("done", "saga", "succeed"), "01 compensate prepared, 01 action succeed");
        await dtms.AddKeyValue("topics", "orders", """[{"url":"http://app/a","remark":"the first"}]""");
        await dtms.AddKeyValue("others", "orders", "no topic");

        Task Add(DtmTransaction row, string branches) => dtms.Add(row, Branches(row.Gid, url, branches));
    }

    private async Task LooksAsInDtm(Dtm dtm, Participant service)
    {
        Assert.Null(await dtm.Transaction("done"));
        var later = await dtm.Transaction("m-later");
        Assert.Equal("submitted", (string?)later!["status"]);
        Assert.Equal(
            _now.AddSeconds(-10), DateTimeOffset.Parse((string)later["create_time"]!, CultureInfo.InvariantCulture));
        Assert.Equal(
            _now.AddSeconds(3590),
            DateTimeOffset.Parse((string)later["next_cron_time"]!, CultureInfo.InvariantCulture));
        var call = service.On("/s-half/02action").Single();
        Assert.Equal(("""{"n":"02"}""", "7"), (call.Body, call.Headers["x-tenant"]));
        Assert.Equal("hello", service.On("/w-resume/query")[0].Body);
        var topics = await dtm.Get("queryKV?cat=topics&key=orders");
        Assert.Equal("http://app/a", (string?)JsonNode.Parse((string)topics.Json!["kv"]![0]!["v"]!)![0]!["url"]);
    }

    private protected DtmTransaction Row(string gid, string type, string status) => new()
    {
        Gid = gid,
        Type = type,
        Status = status,
        Protocol = "http",
        Options = """{"concurrent":false}""",
        Created = _now.AddSeconds(-10),
        Updated = _now.AddSeconds(-10),
        NextTry = _now.AddSeconds(-1),
        NextInterval = 10,
    };

    private protected List<DtmBranch> Branches(string gid, string url, string text) =>
    [
        .. Rows.Branches(text).Select(b => b with
        {
            Gid = gid,
            Url = $"{url}/{gid}/{b.BranchId}{b.Op}",
            Data = System.Text.Encoding.UTF8.GetBytes($$"""{"n":"{{b.BranchId}}"}"""),
            Created = _now.AddSeconds(-10),
            Finished = b.Finished is null ? null : _now,
        }),
    ];

    private protected Task<ServerCommand> Import(DtmDatabase dtms, string mode = "--dtm-stopped") =>
        ServerCommand.Run(Command(dtms, mode));

    private string[] Command(DtmDatabase dtms, params string[] more) =>
    [
        "import",
        .. dtms.Arguments,
        .. more,
        $"--Store:Driver={Target.Driver}",
        $"--Store:Path={Target.Path}",
        $"--Store:ConnectionString={Target.ConnectionString}",
    ];

    private async Task<ITransactionStore> Store()
    {
        var store = StoreFactory.Create(Target, TimeProvider.System, NullLoggerFactory.Instance);
        await store.Start(Cancel);
        return store;
    }

    private protected async Task<List<string>> Here()
    {
        await using var store = await Store();
        var (gids, before) = (new List<string>(), 0L);
        var filter = new TransactionFilter { Limit = 1000 };
        while (await store.List(filter with { BeforeId = before }, Cancel) is [.., var last] page)
        {
            gids.AddRange(page.Select(static s => s.Transaction.Definition.Gid));
            before = last.Id;
        }

        return gids;
    }
}

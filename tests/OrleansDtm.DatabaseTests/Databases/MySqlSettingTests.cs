using Microsoft.Extensions.Logging.Abstractions;
using MySqlConnector;
using OrleansDtm.Core;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Servers;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Storage;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.DatabaseTests.Databases;

/// <summary>
/// Servers with unusual settings: session defaults, table types, database options. A new setting is one line.
/// </summary>
public abstract class MySqlSettingTests<TServer>(DatabaseUnderTest<TServer> database) : IAsyncDisposable
    where TServer : DatabaseServer, new()
{
    private const string AnsiModes =
        "ANSI,NO_BACKSLASH_ESCAPES,IGNORE_SPACE,HIGH_NOT_PRECEDENCE,PAD_CHAR_TO_FULL_LENGTH,NO_UNSIGNED_SUBTRACTION";

    private readonly string _place = database.NewDatabase();
    private readonly List<string> _undo = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var statement in _undo)
        {
            await Execute(statement);
        }
    }

    [Theory]
    [InlineData("autocommit = 0")]
    [InlineData("sql_mode = ''")]
    [InlineData("sql_mode = 'ANSI'")]
    [InlineData("sql_mode = 'ANSI_QUOTES'")]
    [InlineData("sql_mode = 'NO_BACKSLASH_ESCAPES'")]
    [InlineData("sql_mode = 'PIPES_AS_CONCAT'")]
    [InlineData("sql_mode = 'TRADITIONAL'")]
    [InlineData("sql_mode = 'NO_AUTO_VALUE_ON_ZERO,NO_DIR_IN_CREATE'")]
    [InlineData($"sql_mode = '{AnsiModes}'")]
    [InlineData("innodb_default_row_format = 'compact'")]
    [InlineData("innodb_default_row_format = 'redundant'")]
    [InlineData("innodb_strict_mode = 0")]
    [InlineData("default_storage_engine = 'MyISAM'")]
    [InlineData("character_set_server = 'latin1'")]
    [InlineData("character_set_server = 'utf8mb3'")]
    [InlineData("character_set_server = 'utf16'")]
    [InlineData("collation_server = 'utf8mb4_unicode_ci'")]
    [InlineData("transaction isolation level read uncommitted")]
    [InlineData("transaction isolation level serializable")]
    [InlineData("time_zone = '+12:00'")]
    [InlineData("time_zone = '-11:30'")]
    [InlineData("explicit_defaults_for_timestamp = 0")]
    [InlineData("sql_safe_updates = 1")]
    [InlineData("sql_select_limit = 1")]
    [InlineData("completion_type = 'CHAIN'")]
    [InlineData("completion_type = 'RELEASE'")]
    [InlineData("unique_checks = 0")]
    [InlineData("group_concat_max_len = 4")]
    [InlineData("lock_wait_timeout = 1")]
    [InlineData("init_connect = 'set autocommit = 0'")]
    public async Task Everything_works_on_a_server_that_says(string setting)
    {
        await Set(setting);
        await StoreWorks(setting.StartsWith("init_connect", StringComparison.Ordinal) ? await Mortal() : _place);
    }

    [Theory]
    [InlineData("latin1 collate latin1_swedish_ci")]
    [InlineData("utf8mb3 collate utf8mb3_general_ci")]
    [InlineData("utf16 collate utf16_bin")]
    public async Task Everything_works_in_a_database_of_the_character_set(string charset)
    {
        await Execute($"create database {new MySqlConnectionStringBuilder(_place).Database} character set {charset}");
        await StoreWorks(_place);
    }

    /// <summary>The whole coordinator with all patterns.</summary>
    [Fact]
    public async Task A_coordinator_works_where_sessions_begin_in_another_state()
    {
        await Set("autocommit = 0");
        await Set($"sql_mode = '{AnsiModes}'");
        await Set("transaction isolation level serializable");
        await Set("innodb_default_row_format = 'redundant'");
        await Set("time_zone = '+05:45'");
        await Patterns.Work(_place);
    }

    [Fact]
    public async Task A_coordinator_on_a_server_that_has_become_read_only_is_not_ready_until_it_is_not()
    {
        await using var busi = await Participant.Start();
        await using (var store = Create(_place))
        {
            await store.Start(Cancel);
        }

        await using var server = await ServerProcess.Start(
            Cancel, ("STORE_DRIVER", "mysql"), ("STORE_CONNECTION_STRING", await Mortal()), ("STORE_PATH", ""));
        using var dtm = new Dtm(server);
        var (before, during, after) = (SagaBody.NewGid(), SagaBody.NewGid(), SagaBody.NewGid());
        await dtm.Accept(SagaBody.Of(before, busi).With("wait_result", true));
        Assert.Equal(200, (await Ready()).Status);

        await Set("read_only = 1");
        Assert.Equal(503, (await dtm.Submit(SagaBody.Of(during, busi))).Status);
        var ready = await Ready();
        Assert.Equal(503, ready.Status);
        Assert.Contains("read-only", ready.Text, StringComparison.Ordinal);
        Assert.Equal("succeed", (string?)(await dtm.Transaction(before))!["status"]); // Reads still work.

        await Execute("set global read_only = 0");
        Assert.Equal(200, (await Ready()).Status); // The store recovers without a write.
        await dtm.Accept(SagaBody.Of(after, busi).With("wait_result", true));
        Assert.Null(await dtm.Transaction(during));

        Task<Answer> Ready() => dtm.Send(HttpMethod.Get, server.Url + "/health/ready", null);
    }

    [Fact]
    public async Task A_body_larger_than_the_server_takes_is_refused_at_once_over_HTTP_and_JSON_RPC()
    {
        await Set("max_allowed_packet = 1048576");
        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(
            Cancel, ("STORE_DRIVER", "mysql"), ("STORE_CONNECTION_STRING", _place), ("STORE_PATH", ""));
        using var dtm = new Dtm(server);
        var gid = SagaBody.NewGid();
        var body = SagaBody.Of(gid, busi).With(
            "payloads", new System.Text.Json.Nodes.JsonArray(new string('x', 2_000_000), "{}"));

        var refused = await dtm.Submit(body);
        Assert.Equal((413, "FAILURE"), (refused.Status, refused.Result));
        Assert.StartsWith("body: ", refused.Message, StringComparison.Ordinal);
        Assert.Contains("max_allowed_packet", refused.Message, StringComparison.Ordinal);

        var call = new System.Text.Json.Nodes.JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["id"] = "1",
            ["method"] = "submit",
            ["params"] = body.DeepClone(),
        };
        var rpc = await dtm.Send(HttpMethod.Post, server.Url + "/api/json-rpc", call.ToJsonString());
        Assert.Equal(-32603, (int)rpc.Json!["error"]!["code"]!);
        Assert.Contains("max_allowed_packet", (string)rpc.Json["error"]!["message"]!, StringComparison.Ordinal);

        Assert.Null(await dtm.Transaction(gid));
        await dtm.Accept(SagaBody.Of(gid, busi).With("wait_result", true)); // The gid is free, and the store works.
        Assert.Equal(200, (await dtm.Send(HttpMethod.Get, server.Url + "/health/ready", null)).Status);
    }

    /// <summary>
    /// Uses one database from two processes and creates the schema. Each sees the other's writes at once.
    /// </summary>
    private static async Task StoreWorks(string place)
    {
        await using var one = Create(place);
        await using var other = Create(place);
        await one.Start(Cancel);
        await other.Start(Cancel);
        await StoreDrivers.MySql.Cluster!.Ensure(new DatabaseOptions { Place = place }, Cancel);
        Assert.Equal(0, StoreDrivers.MySql.Cluster.LastGeneration(new DatabaseOptions { Place = place }, "any"));

        const string gid = """it's "a" \ gid é😀""";
        Assert.Null(await other.Load(gid, Cancel));
        var state = StoredSamples.Rich(gid) with { Result = """a\'b"c""" };
        Assert.Equal(WriteResult.Written, await one.Write(StoredSamples.Insert(state), Cancel));
        Assert.Equal(WriteResult.Conflict, await other.Write(StoredSamples.Insert(state), Cancel));
        Assert.Equal(
            StoredSamples.Describe(state), StoredSamples.Describe((await other.Load(gid, Cancel))!.Transaction));
        var update = StoredSamples.Update(state, static t => StoredSamples.Finish(t));
        Assert.Equal(WriteResult.Written, await other.Write(update, Cancel));
        Assert.Equal(TransactionStatus.Succeed, (await one.Load(gid, Cancel))!.Transaction.Status);
        Assert.Equal(WriteResult.Conflict, await one.Write(update, Cancel));

        foreach (var name in new[] { "x", "y" })
        {
            Assert.Equal(
                WriteResult.Written,
                await one.Write(StoredSamples.Insert(StoredSamples.Plain(name, due: StoredSamples.Start)), Cancel));
        }

        Assert.Equal(
            ["x", "y"], (await other.FindDue(StoredSamples.Start, null, 10, Cancel)).Select(static d => d.Gid));
        Assert.Equal(3, (await other.List(new TransactionFilter(), Cancel)).Count);
        Assert.Equal(2, (await other.CountUnfinished(StoredSamples.Start, Cancel)).Sum(static c => c.Count));

        var (items, others) = ((IKeyValueStore)one, (IKeyValueStore)other);
        Assert.Null(await others.Get("topics", "t", Cancel));
        Assert.Equal(WriteResult.Written, await items.Put("topics", "t", """["\"]""", 0, Cancel));
        Assert.Equal("""["\"]""", (await others.Get("topics", "t", Cancel))!.Value);
        Assert.Equal(WriteResult.Written, await others.Put("topics", "t", "2", 1, Cancel));
        Assert.Equal("2", (await items.Get("topics", "t", Cancel))!.Value);
        Assert.Equal(WriteResult.Written, await items.Delete("topics", "t", 2, Cancel));
        Assert.Null(await others.Get("topics", "t", Cancel));

        Assert.Equal(1, (await one.DeleteFinished(StoredSamples.Start.AddYears(50), 0, 10, Cancel)).Deleted);
        Assert.Null(await other.Load(gid, Cancel));
        Assert.True((TimeProvider.System.GetUtcNow() - await one.ReadClock(Cancel))!.Value.Duration()
            < TimeSpan.FromMinutes(1));
        await one.Ping(Cancel);
    }

    private static ServerTransactionStore Create(string place) => StoreDrivers.MySql.Create(
        new ServerStoreOptions { ConnectionString = place },
        TimeProvider.System,
        NullLogger<ServerTransactionStore>.Instance);

    /// <summary>
    /// Creates a user with all rights on the database and no global ones. Administrators are exempt from init_connect
    /// and read_only.
    /// </summary>
    private async Task<string> Mortal()
    {
        var builder = new MySqlConnectionStringBuilder(_place);
        var name = $"mortal_{builder.Database}";
        await Execute($"create user {name}@'127.0.0.1' identified by 'x'; grant all on {builder.Database}.* to "
            + $"{name}@'127.0.0.1'");
        (builder.UserID, builder.Password) = (name, "x");
        return builder.ConnectionString;
    }

    /// <summary>Changes a setting for later sessions until the test ends.</summary>
    private async Task Set(string setting)
    {
        var name = setting.Split(' ')[0];
        await Execute($"set global {setting}");
        _undo.Add(name switch
        {
            "transaction" => "set global transaction isolation level repeatable read",
            "init_connect" => "set global init_connect = ''",
            "read_only" => "set global read_only = 0",
            "character_set_server" or "collation_server" => "set global character_set_server = 'utf8mb4'",
            _ => $"set global {name} = default",
        });
    }

    private async Task Execute(string sql)
    {
        var admin = new MySqlConnectionStringBuilder(_place)
        {
            Database = "mysql",
            Pooling = false,
            AllowUserVariables = true,
        };
        await using var connection = new MySqlConnection(admin.ConnectionString);
        await connection.OpenAsync(Cancel);
        await using var command = new MySqlCommand($"set autocommit = 1, sql_mode = ''; {sql}", connection);
        await command.ExecuteNonQueryAsync(Cancel);
    }
}

[Collection(SharedMariaDb.Name)]
public sealed class MariaDbMySqlSettingTests(DatabaseUnderTest<MariaDbServer> database)
    : MySqlSettingTests<MariaDbServer>(database);

[Collection(SharedMySql.Name)]
public sealed class OracleMySqlSettingTests(DatabaseUnderTest<MySqlServer> database)
    : MySqlSettingTests<MySqlServer>(database)
{
    [Theory]
    [InlineData("collation_server = 'utf8mb4_0900_ai_ci'")]
    [InlineData("sql_require_primary_key = 1")]
    [InlineData("xa_detach_on_prepare = 0")]
    public Task Everything_works_on_a_server_of_Oracle_that_says(string setting) =>
        Everything_works_on_a_server_that_says(setting);
}

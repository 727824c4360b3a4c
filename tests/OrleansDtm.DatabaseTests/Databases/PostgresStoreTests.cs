using System.Data.Common;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansDtm.Core;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Inspection;
using OrleansDtm.Storage.Postgres;
using OrleansDtm.Storage.Servers;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Storage;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.DatabaseTests.Databases;

/// <summary>The store on PostgreSQL, with or without a pooler.</summary>
public abstract class AnyPostgresStoreTests(Func<string> newDatabase) : ServerStoreTests
{
    protected override string ConnectionString { get; } = newDatabase();

    private protected override ServerDialect Dialect { get; } = new PostgresDialect();

    /// <summary>Returns the connection string without the pooler.</summary>
    protected virtual string Direct(string connectionString) => connectionString;

    protected override ServerTransactionStore Create(
        ServerStoreOptions options, ILogger<ServerTransactionStore> logger) =>
        StoreDrivers.Postgres.Create(options, TimeProvider.System, logger);

    protected override string AnotherDatabase() => newDatabase();

    protected override async Task<DbConnection> Connect()
    {
        var connection = new NpgsqlConnection(Direct(ConnectionString) + ";Pooling=false");
        await connection.OpenAsync(Token);
        return connection;
    }

    /// <summary>
    /// PostgreSQL checks for deadlocks in the session that has waited for deadlock_timeout, and aborts its transaction.
    /// </summary>
    protected override Task SpareInDeadlocks(DbConnection connection) =>
        Execute(connection, "set deadlock_timeout = '60s'");

    protected override async Task WaitForLockedWriter()
    {
        await using var connection = await Connect();
        await WaitUntilSome(
            connection,
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()");
    }

    protected override async Task KillConnections()
    {
        await using var connection = await Connect();
        await Execute(
            connection,
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and pid "
            + "<> pg_backend_pid()");
    }

    protected override async Task<string> CreateLimitedUser(string connectionString)
    {
        await using var connection = await Connect();
        var name = $"u{Database(connectionString)}";
        await Execute(connection, $"create role {name} login password 's3cret'");
        await Execute(connection, $"grant select, insert, update, delete on all tables in schema public to {name}");
        await Execute(connection, $"grant usage on all sequences in schema public to {name}");
        return new NpgsqlConnectionStringBuilder(connectionString)
        {
            Username = name,
            Password = "s3cret",
        }.ConnectionString;
    }

    protected override async Task SetReadOnly(bool value)
    {
        await using var connection = await Connect();
        await Execute(connection, "set session characteristics as transaction read write");
        await Execute(connection, $"alter database {Database(ConnectionString)} set default_transaction_read_only = "
            + $"{(value ? "on" : "off")}");
    }

    protected override async Task<string> Weaken()
    {
        await using var connection = await Connect();
        await Execute(connection, "alter system set full_page_writes = off");
        await Reload(connection, "off");
        return "full_page_writes=off";
    }

    protected override async Task Strengthen()
    {
        await using var connection = await Connect();
        await Execute(connection, "alter system reset full_page_writes");
        await Reload(connection, "on");
    }

    private static async Task Reload(DbConnection connection, string expected)
    {
        await Execute(connection, "select pg_reload_conf()");
        await WaitUntilSome(
            connection, $"select count(*) from pg_settings where name = 'full_page_writes' and setting = '{expected}'");
    }
}

[Collection(SharedPostgres.Name)]
public sealed class PostgresStoreTests(DatabaseUnderTest<PostgresServer> database)
    : AnyPostgresStoreTests(database.NewDatabase)
{
    /// <summary>
    /// With some statistics the planner walked all rows and compared each with all ids of the prefix: longer than the
    /// store waits. These settings make it prefer that.
    /// </summary>
    [Fact]
    public async Task A_page_of_a_prefix_reads_its_rows_by_their_ids()
    {
        var options = Options with
        {
            ConnectionString = ConnectionString
                + ";Options=-c random_page_cost=1000 -c enable_hashjoin=off -c enable_mergejoin=off",
        };
        await using var store = Create(options, NullLogger<ServerTransactionStore>.Instance);
        await store.Start(Token);
        await store.Write(
            new TransactionWrite(
                null, StoredSamples.Finish(StoredSamples.Plain("template"), TransactionStatus.Succeed), 0),
            Token);
        await using var connection = await Connect();
        await Execute(
            connection,
            """
            insert into dtm_transaction (gid, type, status, version, owner, created, updated, finished, progress)
            select case i % 3 when 0 then chr(31) || 'other' || chr(31) else '' end || 'g-' || lpad(i::text, 8, '0'),
                type, status, version, owner, created + i, updated + i, finished, progress
            from dtm_transaction, generate_series(0, 99999) i
            """);
        await Execute(
            connection,
            """
            insert into dtm_body (transaction_id, seq, body)
            select t.id, b.seq, b.body from dtm_transaction t, dtm_body b where t.gid <> 'template'
            """);
        await Execute(connection, "vacuum analyze");

        var page = await store.List(new TransactionFilter { GidPrefix = "g-0005", Limit = 50, Namespace = "" }, Token);

        Assert.Equal(50, page.Count);
    }

    [Fact]
    public async Task Schema_IsCreatedAndKeptApart()
    {
        await using var store = Create(
            Options with { Schema = "Of its own" }, NullLogger<ServerTransactionStore>.Instance);
        await store.Start(Token);
        Assert.Equal(WriteResult.Written, await store.Write(StoredSamples.Insert(StoredSamples.Plain("x")), Token));
        Assert.NotNull(await store.Load("x", Token));
        Assert.Null(await Store.Load("x", Token));
    }
}

/// <summary>
/// Behind a pooler each transaction uses another session. A store that depends on session state fails here.
/// </summary>
[Collection(SharedPgBouncer.Name)]
public sealed class PgBouncerStoreTests(DatabaseUnderTest<PgBouncerServer> database)
    : AnyPostgresStoreTests(database.NewDatabase)
{
    [Fact]
    public async Task TheSessionsOfOthers_AreLeftAsTheyWere()
    {
        await Write(StoredSamples.Insert(StoredSamples.Plain("x")));
        await Store.Load("x", Token);
        await ((IKeyValueStore)Store).Put("topics", "t", "v", 0, Token);
        await using var other = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await other.OpenAsync(Token);
        for (var session = 0; session < 6; session++)
        {
            Assert.Equal(0L, await Execute(other, "select count(*) from pg_settings where source = 'session' and name "
                + "<> 'client_encoding' and name not like '%application%'"));
            Assert.Equal(0L, await Execute(other, "select count(*) from pg_prepared_statements"));
            Assert.Equal(0L, await Execute(other, "select count(*) from pg_locks where locktype = 'advisory'"));
        }
    }

    /// <summary>A pooler that does not pass search_path on would create the tables in another schema.</summary>
    [Fact]
    public async Task Schema_ThatThePoolerDoesNotPassOn_IsRefused()
    {
        await using var store = Create(Options with { Schema = "apart" }, NullLogger<ServerTransactionStore>.Instance);
        var error = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.Start(Token));
        Assert.Contains("search_path", error.Message, StringComparison.Ordinal);
        Assert.Contains("ODTM2005", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", FindingKind.Good)]
    [InlineData(";Max Auto Prepare=20", FindingKind.Note)]
    public async Task CheckConfig_KnowsThePooler(string more, FindingKind kind)
    {
        var database = new DatabaseOptions { Place = ConnectionString + more };
        var finding = Assert.Single(
            await StoreDrivers.Postgres.Inspect(database, TimeProvider.System, Token),
            static f => f.Text.Contains("pooler", StringComparison.Ordinal));
        Assert.Equal(kind, finding.Kind);
        Assert.Equal(
            kind == FindingKind.Note, finding.Text.Contains(PgBouncerServer.Settings, StringComparison.Ordinal));
    }

    /// <summary>
    /// The pooler's sessions outlive their clients, and keep the database's defaults of the time when they were opened.
    /// </summary>
    protected override async Task SetReadOnly(bool value)
    {
        await base.SetReadOnly(value);
        await KillConnections();
        await using var pooled = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await Poll.Until(
            async () =>
            {
                try
                {
                    await pooled.CloseAsync();
                    await pooled.OpenAsync(Token);
                    return Equals(await Execute(pooled, "show default_transaction_read_only"), value ? "on" : "off");
                }
                catch (NpgsqlException)
                {
                    return false; // The pooler has not yet detected that its sessions are closed.
                }
            },
            Poll.Patience,
            static () => "the pooler keeps its old sessions",
            Token);
    }

    protected override string Direct(string connectionString) =>
        database.Server.Direct.ConnectionString(Database(connectionString));
}

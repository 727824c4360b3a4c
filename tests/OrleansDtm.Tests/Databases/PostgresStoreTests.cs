using System.Data.Common;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Servers;
using Xunit;

namespace OrleansDtm.Tests.Databases;

using Samples = OrleansDtm.Tests.Storage.Samples;

[Collection(SharedPostgres.Name)]
public sealed class PostgresStoreTests(DatabaseUnderTest<PostgresServer> database) : ServerStoreTests
{
    protected override string ConnectionString { get; } = database.NewDatabase();

    private protected override ServerDialect Dialect { get; } = new PostgresDialect();

    [Fact]
    public async Task Schema_IsCreatedAndKeptApart()
    {
        await using var store = Create(Options with { Schema = "Of its own" }, Microsoft.Extensions.Logging.Abstractions.NullLogger<ServerTransactionStore>.Instance);
        await store.Start(Token);
        Assert.Equal(WriteResult.Written, await store.Write(Samples.Insert(Samples.Plain("x")), Token));
        Assert.NotNull(await store.Load("x", Token));
        Assert.Null(await Store.Load("x", Token));
    }

    /// <summary>A role may be set to lose commits; the writer does not take part.</summary>
    [Fact]
    public async Task AsynchronousCommit_IsTurnedOffForTheWriter()
    {
        await using var connection = await Connect();
        await Execute(connection, $"alter database {Database(ConnectionString)} set synchronous_commit = off");
        using var committer = new ServerCommitter(Dialect, Options);
        Assert.Equal("on", await Execute(committer.Open(), "show synchronous_commit"));
    }

    protected override ServerTransactionStore Create(ServerStoreOptions options, ILogger<ServerTransactionStore> logger) =>
        ServerTransactionStore.Postgres(options, TimeProvider.System, logger);

    protected override string AnotherDatabase() => database.NewDatabase();

    protected override async Task<DbConnection> Connect()
    {
        var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync(Token);
        return connection;
    }

    protected override async Task WaitForLockedWriter()
    {
        await using var connection = await Connect();
        await WaitUntilSome(connection, "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()");
    }

    protected override async Task KillConnections()
    {
        await using var connection = await Connect();
        await Execute(
            connection,
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");
    }

    protected override async Task<string> CreateLimitedUser(string connectionString)
    {
        await using var connection = await Connect();
        var name = $"u{Database(connectionString)}";
        await Execute(connection, $"create role {name} login password 's3cret'");
        await Execute(connection, $"grant select, insert, update, delete on all tables in schema public to {name}");
        await Execute(connection, $"grant usage on all sequences in schema public to {name}");
        return new NpgsqlConnectionStringBuilder(connectionString) { Username = name, Password = "s3cret" }.ConnectionString;
    }

    protected override async Task SetReadOnly(bool value)
    {
        await using var connection = await Connect();
        await Execute(connection, "set session characteristics as transaction read write");
        await Execute(connection, $"alter database {Database(ConnectionString)} set default_transaction_read_only = {(value ? "on" : "off")}");
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
        await WaitUntilSome(connection, $"select count(*) from pg_settings where name = 'full_page_writes' and setting = '{expected}'");
    }
}

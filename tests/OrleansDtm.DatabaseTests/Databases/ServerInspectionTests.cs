using System.Data.Common;
using Microsoft.Extensions.Logging.Abstractions;
using MySqlConnector;
using Npgsql;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Inspection;
using OrleansDtm.Storage.Servers;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Storage;
using Xunit;

namespace OrleansDtm.DatabaseTests.Databases;

/// <summary>Inspecting and reading a store on a database server does not change it.</summary>
public abstract class ServerInspectionTests<TServer>(DatabaseUnderTest<TServer> database)
    where TServer : DatabaseServer, new()
{
    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task From_nothing_to_a_schema_of_tomorrow_it_is_said_what_a_start_would_do()
    {
        var place = database.NewDatabase();
        Assert.Contains(
            "the database does not exist",
            Assert.Single(await Look(place), static f => f.Kind == FindingKind.Note).Text,
            StringComparison.Ordinal);

        await using (var store = Create(new ServerStoreOptions { ConnectionString = place }))
        {
            await store.Start(Cancel);
            await store.Write(StoredSamples.Insert(StoredSamples.Plain("seen")), Cancel);
            var findings = await Look(place);
            Assert.All(findings, static f => Assert.Equal((FindingKind.Good, f.Text), (f.Kind, f.Text)));
            Assert.Contains(findings, static f => f.Text.StartsWith("its version is ", StringComparison.Ordinal));
            Assert.Contains(findings, static f => f.Text.StartsWith("its clock differs", StringComparison.Ordinal));

            await using var reader = Create(new ServerStoreOptions { ConnectionString = place, ReadOnly = true });
            await reader.Start(Cancel);
            Assert.NotNull(await reader.Load("seen", Cancel));
            await Assert.ThrowsAsync<InvalidOperationException>(
                () => reader.Write(StoredSamples.Insert(StoredSamples.Plain("other")), Cancel));
        }

        await using var connection = await Connect(place);
        var guest = await Guest(connection, place);
        Assert.Contains(
            "lacks the right to insert on dtm_transaction",
            Assert.Single(await Look(guest), static f => f.Kind == FindingKind.Problem).Text,
            StringComparison.Ordinal);

        await Execute(connection, "insert into dtm_schema (version, applied) values (99, 0)");
        Assert.Contains(
            "schema version 99",
            Assert.Single(await Look(place), static f => f.Kind == FindingKind.Problem).Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_a_problem_with_what_to_check()
    {
        var place = new DbConnectionStringBuilder { ConnectionString = database.NewDatabase() };
        place["Port"] = 1;
        var problem = Assert.Single(await Look(place.ConnectionString));
        Assert.Equal(FindingKind.Problem, problem.Kind);
        Assert.Contains("Check address, user, password", problem.Text, StringComparison.Ordinal);
    }

    private protected abstract ITransactionStore Create(ServerStoreOptions options);

    private protected abstract Task<DbConnection> Connect(string place);

    /// <summary>Creates a user who may only read.</summary>
    private protected abstract Task<string> Guest(DbConnection admin, string place);

    private protected static async Task Execute(DbConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(Cancel);
    }

    private Task<IReadOnlyList<Finding>> Look(string place) =>
        StoreDrivers.All.Find(database.Server.Driver).Inspect(
            new DatabaseOptions { Place = place }, TimeProvider.System, Cancel);
}

[Collection(SharedMariaDb.Name)]
public sealed class MariaDbInspectionTests(DatabaseUnderTest<MariaDbServer> database)
    : MySqlDialectInspectionTests<MariaDbServer>(database);

[Collection(SharedMySql.Name)]
public sealed class MySqlInspectionTests(DatabaseUnderTest<MySqlServer> database)
    : MySqlDialectInspectionTests<MySqlServer>(database);

public abstract class MySqlDialectInspectionTests<TServer>(DatabaseUnderTest<TServer> database)
    : ServerInspectionTests<TServer>(database)
    where TServer : DatabaseServer, new()
{
    private protected override ITransactionStore Create(ServerStoreOptions options) =>
        StoreDrivers.MySql.Create(options, TimeProvider.System, NullLogger<ServerTransactionStore>.Instance);

    private protected override async Task<DbConnection> Connect(string place)
    {
        var connection = new MySqlConnection(place + ";Pooling=false;AllowUserVariables=true");
        await connection.OpenAsync(Cancel);
        return connection;
    }

    private protected override async Task<string> Guest(DbConnection admin, string place)
    {
        var guest = new MySqlConnectionStringBuilder(place) { UserID = "onlooker", Password = "x" };
        await Execute(
            admin, $"create user onlooker@'%' identified by 'x'; grant select on {guest.Database}.* to onlooker@'%'");
        return guest.ConnectionString;
    }
}

[Collection(SharedPostgres.Name)]
public sealed class PostgresInspectionTests(DatabaseUnderTest<PostgresServer> database)
    : ServerInspectionTests<PostgresServer>(database)
{
    private protected override ITransactionStore Create(ServerStoreOptions options) =>
        StoreDrivers.Postgres.Create(options, TimeProvider.System, NullLogger<ServerTransactionStore>.Instance);

    private protected override async Task<DbConnection> Connect(string place)
    {
        var connection = new NpgsqlConnection(place + ";Pooling=false");
        await connection.OpenAsync(Cancel);
        return connection;
    }

    private protected override async Task<string> Guest(DbConnection admin, string place)
    {
        await Execute(
            admin, "create user onlooker login password 'x'; grant select on all tables in schema public to onlooker");
        return new NpgsqlConnectionStringBuilder(place) { Username = "onlooker", Password = "x" }.ConnectionString;
    }
}

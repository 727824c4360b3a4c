using System.Data.Common;
using Microsoft.Extensions.Logging.Abstractions;
using MySqlConnector;
using Npgsql;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Hosting;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Import;
using Xunit;

namespace OrleansDtm.DatabaseTests.Databases;

[Collection(SharedMariaDb.Name)]
public sealed class MariaDbPrintedSchemaTests(DatabaseUnderTest<MariaDbServer> database)
    : MySqlDialectPrintedSchemaTests<MariaDbServer>(database);

[Collection(SharedMySql.Name)]
public sealed class MySqlPrintedSchemaTests(DatabaseUnderTest<MySqlServer> database)
    : MySqlDialectPrintedSchemaTests<MySqlServer>(database);

public abstract class MySqlDialectPrintedSchemaTests<TServer>(DatabaseUnderTest<TServer> database)
    where TServer : DatabaseServer, new()
{
    /// <summary>The session has autocommit off, so changes that the script does not commit are lost.</summary>
    [Fact]
    public async Task A_database_made_from_the_printed_schema_is_taken_by_a_user_who_may_only_use_tables()
    {
        var place = new MySqlConnectionStringBuilder(database.NewDatabase()) { Pooling = false };
        var name = place.Database;
        await using (var admin = new MySqlConnection(
            new MySqlConnectionStringBuilder(place.ConnectionString) { Database = "mysql" }.ConnectionString))
        {
            await PrintedSchema.Execute(
                admin, $"set autocommit = 0; create database {name}; use {name}; {await PrintedSchema.Of("mysql")}");
        }

        await using (var admin = new MySqlConnection(
            new MySqlConnectionStringBuilder(place.ConnectionString) { Database = "mysql" }.ConnectionString))
        {
            await PrintedSchema.Execute(
                admin, $"create user user_{name} identified by 'x'; grant select, insert, "
                    + $"update, delete on {name}.* to user_{name}");
        }

        place.UserID = $"user_{name}";
        place.Password = "x";
        await PrintedSchema.IsTaken("mysql", place.ConnectionString);
    }
}

[Collection(SharedPostgres.Name)]
public sealed class PostgresPrintedSchemaTests(DatabaseUnderTest<PostgresServer> database)
{
    [Fact]
    public async Task A_database_made_from_the_printed_schema_is_taken_by_a_user_who_may_only_use_tables()
    {
        var place = new NpgsqlConnectionStringBuilder(database.NewDatabase()) { Pooling = false };
        var name = place.Database;
        await using (var admin = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(place.ConnectionString) { Database = "postgres" }.ConnectionString))
        {
            await PrintedSchema.Execute(admin, $"create database {name}");
        }

        await using (var admin = new NpgsqlConnection(place.ConnectionString))
        {
            await PrintedSchema.Execute(admin, await PrintedSchema.Of("postgres"));
            await PrintedSchema.Execute(
                admin,
                $"""
                create role user_{name} login; grant select, insert, update, delete on all tables in schema public to user_{name};
                grant usage on all sequences in schema public to user_{name}
                """);
        }

        place.Username = $"user_{name}";
        await PrintedSchema.IsTaken("postgres", place.ConnectionString);
    }
}

internal static class PrintedSchema
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<string> Of(string driver)
    {
        var schema = await ServerCommand.Run("schema", "--driver", driver);
        schema.Ends(0);
        return schema.Output;
    }

    public static async Task Execute(DbConnection connection, string sql)
    {
        if (connection.State == System.Data.ConnectionState.Closed)
        {
            await connection.OpenAsync(Cancel);
        }

        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(Cancel);
    }

    public static async Task IsTaken(string driver, string connectionString)
    {
        await using var store = StoreFactory.Create(
            new StoreOptions { Driver = driver, ConnectionString = connectionString },
            TimeProvider.System,
            NullLoggerFactory.Instance);
        await store.Start(Cancel);
        var saga = Rows.Map(Rows.Transaction("saga", "submitted"), Rows.Saga("prepared/prepared"));
        Assert.Equal(WriteResult.Written, await store.Write(new TransactionWrite(null, saga, 0), Cancel));
        Assert.Equal("g1", Assert.Single(await store.FindDue(Rows.Now, null, 10, Cancel)).Gid);
    }
}

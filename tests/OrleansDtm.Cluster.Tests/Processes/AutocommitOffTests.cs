using MySqlConnector;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Cluster.Tests.Processes;

/// <summary>
/// Two silos on a server whose sessions start without autocommit. Membership, reminders and transactions must still be
/// committed.
/// </summary>
public abstract class AutocommitOffTests<TServer>(DatabaseUnderTest<TServer> database)
    where TServer : DatabaseServer, new()
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_silos_find_each_other_and_serve_every_pattern()
    {
        var connection = database.NewDatabase();
        await Execute("set global autocommit = 0");
        try
        {
            await using var first = await ClusterProcess.Start(database.Server, connection, Cancel);
            await using var second = await ClusterProcess.Start(database.Server, connection, Cancel);
            using var toFirst = new Dtm(first);
            using var toSecond = new Dtm(second);
            await Patterns.Work(toFirst, toSecond);

            await first.Kill(Cancel); // The other silo learns of the death from the same tables.
            await using var third = await ClusterProcess.Start(database.Server, connection, Cancel);
            using var toThird = new Dtm(third);
            await Patterns.Work(toThird, toSecond);
        }
        finally
        {
            await Execute("set global autocommit = 1");
        }
    }

    private async Task Execute(string sql)
    {
        await using var connection = new MySqlConnection(database.Server.ConnectionString("mysql") + ";Pooling=false");
        await connection.OpenAsync(Cancel);
        await using var command = new MySqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Cancel);
    }
}

[Collection(SharedMariaDb.Name)]
public sealed class MariaDbAutocommitOffTests(DatabaseUnderTest<MariaDbServer> database)
    : AutocommitOffTests<MariaDbServer>(database);

[Collection(SharedMySql.Name)]
public sealed class MySqlAutocommitOffTests(DatabaseUnderTest<MySqlServer> database)
    : AutocommitOffTests<MySqlServer>(database);

using MySqlConnector;
using Npgsql;
using OrleansDtm.Faults.Histories;
using OrleansDtm.Faults.Machines;
using OrleansDtm.Faults.Replicas;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Inspection;
using Xunit;

namespace OrleansDtm.Faults.Tests;

/// <summary>What check-config says about the replicas of a database.</summary>
public sealed class ReplicaTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_replica_of_MariaDB_that_may_lack_commits_is_named()
    {
        await using var pair = new MariaDbPair();
        await Started(pair);
        Assert.Equal(FindingKind.Good, (await Replicas(pair)).Kind);

        await Set(pair, "set global rpl_semi_sync_master_timeout = 10000");
        var shortly = await Replicas(pair);
        Assert.Equal(FindingKind.Note, shortly.Kind);
        Assert.Contains("rpl_semi_sync_master_timeout=10000 ms", shortly.Text, StringComparison.Ordinal);

        await Set(pair, "set global rpl_semi_sync_master_enabled = 0");
        Assert.Contains("1 asynchronous replicas", (await Replicas(pair)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_replica_of_MySQL_that_may_lack_commits_is_named()
    {
        await using var pair = new MySqlPair();
        await Started(pair);
        Assert.Equal(FindingKind.Good, (await Replicas(pair)).Kind);
        await Set(pair, "set global rpl_semi_sync_source_enabled = 0");
        Assert.Contains("1 asynchronous replicas", (await Replicas(pair)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_standby_of_PostgreSQL_that_may_lack_commits_is_named()
    {
        await using var pair = new PostgresPair();
        await Started(pair);
        Assert.Equal(FindingKind.Good, (await Replicas(pair)).Kind);
        await using (var connection = new NpgsqlConnection(pair.Primary.ConnectionString("postgres")))
        {
            await connection.OpenAsync(Cancel);
            await using var reset = new NpgsqlCommand("alter system reset synchronous_standby_names", connection);
            await reset.ExecuteNonQueryAsync(Cancel);
            await using var reload = new NpgsqlCommand("select pg_reload_conf()", connection);
            await reload.ExecuteNonQueryAsync(Cancel);
        }

        Finding found;
        do
        {
            found = await Replicas(pair); // The server reads its configuration in its own time.
        }
        while (found.Kind == FindingKind.Good);
        Assert.Contains("1 asynchronous standbys", found.Text, StringComparison.Ordinal);
    }

    /// <summary>
    /// Npgsql finds the primary among several hosts: PostgreSQL needs no proxy that moves its address.
    /// </summary>
    [Fact]
    public async Task Two_hosts_in_the_connection_string_of_PostgreSQL_follow_a_failover()
    {
        await using var pair = new PostgresPair();
        await Started(pair);
        var settings = new Dictionary<string, string>
        {
            ["STORE_DRIVER"] = "postgres",
            ["STORE_CONNECTION_STRING"] = $"Host=127.0.0.1:{pair.Primary.Port},127.0.0.1:{pair.Standby.Port};"
                + "Username=dtm;Database=dtm;Target Session Attributes=primary",
        };
        var home = Directory.CreateTempSubdirectory("orleansdtm-hosts-");
        await using (var silo = new SiloProcess(0, new Network(isReal: false), new History(), settings, home.FullName))
        {
            silo.Start();
            await silo.Works(TimeSpan.FromSeconds(60));
            await pair.Primary.Kill();
            var lost = await pair.Promote();
            await silo.Works(Bounds.Return);
            await pair.Replace(lost);
        }

        home.Delete(recursive: true);
    }

    private static async Task Started(DatabasePair pair)
    {
        if (pair.FindMissing() is { } missing)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", $"{missing} is not installed");
            Assert.Skip($"{missing} is not installed");
        }

        await pair.Start();
    }

    private static async Task Set(DatabasePair pair, string sql)
    {
        await using var connection = new MySqlConnection(pair.Primary.ConnectionString("mysql"));
        await connection.OpenAsync(Cancel);
        await using var command = new MySqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Cancel);
    }

    private static async Task<Finding> Replicas(DatabasePair pair)
    {
        var database = pair is PostgresPair ? "postgres" : "mysql";
        var found = await StoreDrivers.All.Find(pair.Primary.Driver).Inspect(
            new DatabaseOptions { Place = pair.Primary.ConnectionString(database) }, TimeProvider.System, Cancel);
        return Assert.Single(
            found,
            static f => f.Text.Contains("replica", StringComparison.Ordinal)
                || f.Text.Contains("standby", StringComparison.Ordinal));
    }
}

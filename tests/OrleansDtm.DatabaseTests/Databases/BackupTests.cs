using System.Text.Json.Nodes;
using MySqlConnector;
using Npgsql;
using OrleansDtm.Tests.Support;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.DatabaseTests.Databases;

/// <summary>
/// Runs the README's backup and restore commands. The backup is made while the coordinator works; a coordinator on the
/// restored store continues its transactions.
/// </summary>
public abstract class BackupTests : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleansdtm-backup-");

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The folder in which the commands run.</summary>
    private protected string Home => _home.FullName;

    public void Dispose()
    {
        _home.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_coordinator_on_a_restored_backup_goes_on_where_it_was()
    {
        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(Cancel, Settings());
        using var dtm = new Dtm(server);
        var (done, waiting, later) = (SagaBody.NewGid(), SagaBody.NewGid(), SagaBody.NewGid());
        await dtm.Accept(SagaBody.Of(done, busi, 1).With("wait_result", true));
        busi.On("/Act2", Reply.Ongoing, Reply.Success);
        await dtm.Accept(SagaBody.Of(waiting, busi).With("retry_interval", 300));
        await dtm.UntilWaiting(waiting);

        await Run(Backup);
        await dtm.Accept(SagaBody.Of(later, busi, 1).With("wait_result", true));
        await server.Kill(Cancel);
        await Lose();
        await Run(Restore);
        await server.Restart(Cancel);

        Assert.Equal("succeed", (string?)(await dtm.Transaction(done))!["status"]);
        Assert.Null(await dtm.Transaction(later));
        Assert.Equal(200, (await dtm.Send(
            HttpMethod.Post,
            dtm.Api + "/resetNextCronTime",
            new JsonObject { ["gid"] = waiting }.ToJsonString())).Status);
        await dtm.Until("succeed", waiting);
        Assert.Equal(2, busi.On("/Act2").Count);
        // One call of each transaction: what was done before the backup is not repeated.
        Assert.Equal(3, busi.On("/Act1").Count);
    }

    /// <summary>The start of the command's line in the README.</summary>
    private protected abstract string Backup { get; }

    private protected abstract string Restore { get; }

    private protected abstract (string Name, string Value)[] Settings();

    /// <summary>Destroys the store.</summary>
    private protected abstract Task Lose();

    /// <summary>Replaces addresses and users with those of the test's servers.</summary>
    private protected abstract string Here(string command);

    private Task<string> Run(string start)
    {
        var command = ReadmeCommands.Blocks()
            .SelectMany(static block => block.Split('\n'))
            .Single(line => line.StartsWith(start, StringComparison.Ordinal));
        return ReadmeCommands.Bash($"cd {Home}\n{Here(command.Split("    #")[0])}");
    }
}

public sealed class SqliteBackupTests : BackupTests
{
    private protected override string Backup => "sqlite3 ";

    private protected override string Restore => "rm -f data/orleansdtm.db ";

    private protected override (string Name, string Value)[] Settings()
    {
        if (!File.Exists("/usr/bin/sqlite3"))
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", "sqlite3 is not installed");
            Assert.Skip("sqlite3 is not installed");
        }

        return [("STORE_PATH", Path.Combine(Home, "data", "orleansdtm.db"))];
    }

    private protected override Task Lose() =>
        File.WriteAllTextAsync(Path.Combine(Home, "data", "orleansdtm.db"), "nothing that makes sense", Cancel);

    private protected override string Here(string command) => command;
}

[Collection(SharedMariaDb.Name)]
public sealed class MariaDbBackupTests(DatabaseUnderTest<MariaDbServer> database)
    : MySqlDialectBackupTests<MariaDbServer>(database);

/// <summary>MySQL with MariaDB's client programs, because those are installed.</summary>
[Collection(SharedMySql.Name)]
public sealed class MySqlBackupTests(DatabaseUnderTest<MySqlServer> database)
    : MySqlDialectBackupTests<MySqlServer>(database);

public abstract class MySqlDialectBackupTests<TServer>(DatabaseUnderTest<TServer> database) : BackupTests
    where TServer : DatabaseServer, new()
{
    private readonly MySqlConnectionStringBuilder _place = new(database.NewDatabase());

    private protected override string Backup => "mariadb-dump ";

    private protected override string Restore => "mariadb --execute";

    private protected override (string Name, string Value)[] Settings() =>
        [("STORE_DRIVER", "mysql"), ("STORE_CONNECTION_STRING", _place.ConnectionString), ("STORE_PATH", "")];

    private protected override async Task Lose()
    {
        await using var connection = new MySqlConnection(new MySqlConnectionStringBuilder(_place.ConnectionString)
        {
            Database = "",
            Pooling = false,
        }.ConnectionString);
        await connection.OpenAsync(Cancel);
        await using var command = new MySqlCommand($"drop database {_place.Database}", connection);
        await command.ExecuteNonQueryAsync(Cancel);
    }

    private protected override string Here(string command)
    {
        var login = $"--host=127.0.0.1 --port={_place.Port} --user=root --skip-ssl";
        return command.Replace("mariadb-dump ", $"mariadb-dump {login} ", StringComparison.Ordinal)
            .Replace("mariadb --", $"mariadb {login} --", StringComparison.Ordinal)
            .Replace("mariadb dtm", $"mariadb {login} dtm", StringComparison.Ordinal)
            .Replace(" dtm", $" {_place.Database}", StringComparison.Ordinal);
    }
}

[Collection(SharedPostgres.Name)]
public sealed class PostgresBackupTests(DatabaseUnderTest<PostgresServer> database) : BackupTests
{
    private readonly NpgsqlConnectionStringBuilder _place = new(database.NewDatabase());

    private protected override string Backup => "pg_dump ";

    private protected override string Restore => "createdb ";

    private protected override (string Name, string Value)[] Settings() =>
        [("STORE_DRIVER", "postgres"), ("STORE_CONNECTION_STRING", _place.ConnectionString), ("STORE_PATH", "")];

    private protected override async Task Lose()
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(_place.ConnectionString)
        {
            Database = "postgres",
            Pooling = false,
        }.ConnectionString);
        await connection.OpenAsync(Cancel);
        await using var command = new NpgsqlCommand($"drop database {_place.Database} with (force)", connection)
        {
            CommandTimeout = 120,
        };
        await command.ExecuteNonQueryAsync(Cancel);
    }

    private protected override string Here(string command) =>
        $"export PGHOST=127.0.0.1 PGPORT={_place.Port} PGUSER=dtm\n"
        + command.Replace(" dtm", $" {_place.Database}", StringComparison.Ordinal).Replace(
            "--dbname=dtm", $"--dbname={_place.Database}", StringComparison.Ordinal);
}

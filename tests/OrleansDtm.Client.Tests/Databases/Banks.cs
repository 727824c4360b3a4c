using System.Data.Common;
using System.Diagnostics;
using Microsoft.Data.Sqlite;
using MySqlConnector;
using Npgsql;
using OrleansDtm.Tests.Support.Databases;
using Xunit;

namespace OrleansDtm.Client.Tests.Databases;

/// <summary>PostgreSQL from Debian's package with prepared transactions, which are off by default.</summary>
public sealed class XaPostgresServer : PostgresServer
{
    protected override ProcessStartInfo ServerCommand()
    {
        var command = base.ServerCommand();
        command.ArgumentList.Add("-c");
        command.ArgumentList.Add("max_prepared_transactions=100");
        return command;
    }
}

/// <summary>A server that several test classes share. Their tests must not change the server.</summary>
[CollectionDefinition(Name)]
public sealed class SharedXaPostgres : ICollectionFixture<DatabaseUnderTest<XaPostgresServer>>
{
    public const string Name = "shared PostgreSQL with prepared transactions";
}

public sealed class MariaDbBank(DatabaseUnderTest<MariaDbServer> database) : MySqlDialectBank(database.NewDatabase());

public sealed class MySqlBank(DatabaseUnderTest<MySqlServer> database) : MySqlDialectBank(database.NewDatabase());

public abstract class MySqlDialectBank(string place) : Bank
{
    private readonly string _place = place;

    public override BarrierDialect Dialect => BarrierDialect.MySql;

    public override string? Impatience => "set session innodb_lock_wait_timeout = 1";

    public override string? Suicide => "kill connection_id()";

    public override DbConnection Connect() => new MySqlConnection(_place);

    public override async Task Create()
    {
        var place = new MySqlConnectionStringBuilder(_place);
        await using (var admin = new MySqlConnection(
            new MySqlConnectionStringBuilder(_place) { Database = "mysql", Pooling = false }.ConnectionString))
        {
            await admin.OpenAsync(TestContext.Current.CancellationToken);
            await Execute(admin, $"create database {place.Database} character set utf8mb4 collate utf8mb4_bin");
        }

        await base.Create();
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await MySqlConnection.ClearAllPoolsAsync();
    }
}

/// <summary>Uses another session for each transaction.</summary>
public sealed class PgBouncerBank(DatabaseUnderTest<PgBouncerServer> database) : PostgresBank(database.NewDatabase())
{
    public override string? Impatience => null;

    protected override bool IsThere => true;
}

public class PostgresBank : Bank
{
    private readonly string _place;

    public PostgresBank(DatabaseUnderTest<XaPostgresServer> database)
        : this(database.NewDatabase())
    {
    }

    protected PostgresBank(string place) => _place = place;

    protected virtual bool IsThere => false;

    public override BarrierDialect Dialect => BarrierDialect.PostgreSql;

    public override string? Impatience => "set lock_timeout = '1s'";

    public override string? Suicide => "select pg_terminate_backend(pg_backend_pid())";

    public override DbConnection Connect() => new NpgsqlConnection(_place);

    public override async Task Create()
    {
        var place = new NpgsqlConnectionStringBuilder(_place);
        await using (var admin = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(_place) { Database = "postgres", Pooling = false }.ConnectionString))
        {
            await admin.OpenAsync(TestContext.Current.CancellationToken);
            if (!IsThere)
            {
                await Execute(admin, $"create database {place.Database}");
            }
        }

        await base.Create();
    }

    public override ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        GC.SuppressFinalize(this);
        return default;
    }
}

public sealed class SqliteBank : Bank
{
    private readonly string _folder = Directory.CreateTempSubdirectory("orleansdtm-bank-").FullName;

    public override int Parallel => 4;

    public override BarrierDialect Dialect => BarrierDialect.Sqlite;

    public override string? Impatience => null;

    public override string? Suicide => null;

    // The pool of Microsoft.Data.Sqlite can lend one handle to two owners at once (dotnet/efcore#39008).
    public override DbConnection Connect() =>
        new SqliteConnection($"Data Source={Path.Combine(_folder, "bank.db")};Default Timeout=60;Pooling=False");

    public override async Task Create()
    {
        await Execute("pragma journal_mode = wal");
        await base.Create();
    }

    public override ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return default;
    }
}

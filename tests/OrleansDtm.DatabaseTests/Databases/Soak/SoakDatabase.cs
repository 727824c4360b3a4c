using System.Data.Common;
using MySqlConnector;
using Npgsql;
using OrleansDtm.Tests.Support.Databases;

namespace OrleansDtm.DatabaseTests.Databases.Soak;

/// <summary>A database server, with faults that only its administrator can cause.</summary>
public abstract class SoakDatabase(DatabaseServer server) : IAsyncDisposable
{
    protected const string Name = "soak";

    public DatabaseServer Server => server;

    /// <summary>The connection string of a user to whom read_only applies.</summary>
    public abstract string ConnectionString { get; }

    public abstract Task Prepare(CancellationToken cancel);

    public abstract Task SetReadOnly(bool on, CancellationToken cancel);

    public abstract Task KillConnections(CancellationToken cancel);

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Locks the newest rows, or the whole table, until the connection is disposed.</summary>
    public async Task<DbConnection> Lock(bool table, CancellationToken cancel)
    {
        var connection = Connect();
        await connection.OpenAsync(cancel);
        foreach (var sql in table ? LockTable : LockRows)
        {
            await Execute(connection, sql, cancel);
        }

        return connection;
    }

    protected abstract string[] LockTable { get; }

    protected abstract string[] LockRows { get; }

    /// <summary>Creates a connection of the administrator.</summary>
    protected abstract DbConnection Connect();

    protected async Task Execute(CancellationToken cancel, params string[] statements)
    {
        await using var connection = Connect();
        await connection.OpenAsync(cancel);
        foreach (var sql in statements)
        {
            await Execute(connection, sql, cancel);
        }
    }

    private static async Task Execute(DbConnection connection, string sql, CancellationToken cancel)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancel);
    }
}

public sealed class SoakMariaDb() : SoakDatabase(new MariaDbServer())
{
    public override string ConnectionString =>
        new MySqlConnectionStringBuilder(Server.ConnectionString(Name)) { UserID = "dtm" }.ConnectionString;

    protected override string[] LockTable => ["lock tables dtm_transaction write"];

    protected override string[] LockRows =>
        ["begin", "select id from dtm_transaction order by id desc limit 300 for update"];

    public override async Task Prepare(CancellationToken cancel)
    {
        await using var connection = new MySqlConnection(Server.ConnectionString("mysql") + ";Pooling=false");
        await connection.OpenAsync(cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = $"create database {Name}; create user dtm; grant all on {Name}.* to dtm";
        await command.ExecuteNonQueryAsync(cancel);
    }

    public override Task SetReadOnly(bool on, CancellationToken cancel) =>
        Execute(cancel, $"set global read_only = {(on ? 1 : 0)}");

    public override async Task KillConnections(CancellationToken cancel)
    {
        await using var connection = Connect();
        await connection.OpenAsync(cancel);
        var ids = new List<long>();
        await using (var command = connection.CreateCommand())
        {
            command.CommandText = "select id from information_schema.processlist where user = 'dtm'";
            await using var reader = await command.ExecuteReaderAsync(cancel);
            while (await reader.ReadAsync(cancel))
            {
                ids.Add(reader.GetInt64(0));
            }
        }

        foreach (var id in ids)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = $"kill {id}";
            try
            {
                await command.ExecuteNonQueryAsync(cancel);
            }
            catch (MySqlException e) when (e.ErrorCode == MySqlErrorCode.NoSuchThread)
            {
                // The connection was closed already.
            }
        }
    }

    protected override DbConnection Connect() => new MySqlConnection(Server.ConnectionString(Name) + ";Pooling=false");
}

public sealed class SoakPostgres() : SoakDatabase(new PostgresServer())
{
    public override string ConnectionString => Server.ConnectionString(Name);

    protected override string[] LockTable => ["begin", "lock table dtm_transaction in access exclusive mode"];

    protected override string[] LockRows =>
        ["begin", "select id from dtm_transaction order by id desc limit 300 for update"];

    public override async Task Prepare(CancellationToken cancel)
    {
        await using var connection = new NpgsqlConnection(Server.ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync(cancel);
        await using var command = new NpgsqlCommand($"create database {Name}", connection);
        await command.ExecuteNonQueryAsync(cancel);
    }

    public override Task SetReadOnly(bool on, CancellationToken cancel) => Execute(
        cancel,
        "set default_transaction_read_only = off",
        on ? "alter system set default_transaction_read_only = on" : "alter system reset default_transaction_read_only",
        "select pg_reload_conf()");

    public override Task KillConnections(CancellationToken cancel) => Execute(
        cancel,
        $"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{Name}' and pid <> pg_backend_pid()");

    protected override DbConnection Connect() => new NpgsqlConnection(Server.ConnectionString(Name) + ";Pooling=false");
}

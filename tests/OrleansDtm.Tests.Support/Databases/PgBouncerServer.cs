using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace OrleansDtm.Tests.Support.Databases;

/// <summary>
/// A PostgreSQL behind Debian's pgbouncer in transaction mode. All clients share three sessions in turn, so each
/// transaction of a client uses another session, and session state leaks to other clients.
/// </summary>
public class PgBouncerServer : DatabaseServer
{
    /// <summary>The settings that the README requires behind a pooler.</summary>
    public const string Settings = "Max Auto Prepare=0;No Reset On Close=true";

    private const string Program = "/usr/sbin/pgbouncer";

    public override string Driver => "postgres";

    /// <summary>The server without the pooler.</summary>
    public PostgresServer Direct { get; } = new PreparingPostgres();

    public override string? FindMissing() => File.Exists(Program) ? Direct.FindMissing() : "pgbouncer";

    public override string ConnectionString(string database) => $"{Pooled(database)};{Settings}";

    /// <summary>Returns a connection string without the settings for a pooler.</summary>
    public string Pooled(string database) => $"Host=127.0.0.1;Port={Port};Username=dtm;Database={database}";

    /// <summary>Creates the database, because pgbouncer caches for a while that it does not exist.</summary>
    public override void Prepare(string database)
    {
        using var connection = new NpgsqlConnection(Direct.ConnectionString("postgres") + ";Pooling=false");
        connection.Open();
        using var command = new NpgsqlCommand($"create database {database}", connection);
        command.ExecuteNonQuery();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await Direct.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected override async Task Initialize(CancellationToken cancel)
    {
        await Direct.Start(cancel);
        var port = Direct.Port.ToString(CultureInfo.InvariantCulture);
        await File.WriteAllTextAsync(Path.Combine(Data, "users.txt"), "\"dtm\" \"\"\n", cancel);
        await File.WriteAllTextAsync(
            Path.Combine(Data, "pgbouncer.ini"),
            $"""
            [databases]
            * = host=127.0.0.1 port={port} auth_user=dtm

            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {Port}
            unix_socket_dir =
            auth_type = trust
            auth_file = {Data}/users.txt
            pool_mode = transaction
            default_pool_size = 3
            max_client_conn = 500
            server_round_robin = 1
            server_login_retry = 1

            """,
            cancel);
        if (Environment.UserName == "root")
        {
            await Run(new ProcessStartInfo("chown", ["-R", "postgres", Folder]), cancel);
        }
    }

    protected override ProcessStartInfo ServerCommand()
    {
        string[] arguments = [Program, "-q", Path.Combine(Data, "pgbouncer.ini")];
        return Environment.UserName == "root"
            ? new ProcessStartInfo("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", .. arguments])
            {
                WorkingDirectory = Folder,
            }
            : new ProcessStartInfo(arguments[0], arguments[1..]) { WorkingDirectory = Folder };
    }

    protected override async Task Probe(CancellationToken cancel)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false;Timeout=2");
        await connection.OpenAsync(cancel);
    }

    /// <summary>PostgreSQL with prepared transactions, which are off by default and which XA needs.</summary>
    private sealed class PreparingPostgres : PostgresServer
    {
        protected override ProcessStartInfo ServerCommand()
        {
            var command = base.ServerCommand();
            command.ArgumentList.Add("-c");
            command.ArgumentList.Add("max_prepared_transactions=100");
            return command;
        }
    }
}

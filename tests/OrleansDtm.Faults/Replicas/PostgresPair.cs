using System.Globalization;
using Npgsql;
using OrleansDtm.Tests.Support.Databases;

namespace OrleansDtm.Faults.Replicas;

/// <summary>PostgreSQL with a synchronous standby: a commit is answered when it is on both disks.</summary>
internal sealed class PostgresPair : DatabasePair
{
    protected override DatabaseServer Create(int number) => new Server();

    protected override Task Follow(DatabaseServer standby, DatabaseServer primary) =>
        ((Server)standby).Copy(primary.Port);

    protected override async Task<bool> HasAll(DatabaseServer standby, DatabaseServer primary) => await Ask(
        primary, "select count(*) from pg_stat_replication where state = 'streaming'") == "1";

    protected override async Task WaitForStandby(DatabaseServer primary)
    {
        await Ask(primary, "alter system set synchronous_standby_names = '*'");
        await Ask(primary, "select pg_reload_conf()");
        await Until(async () => await Ask( // The server reads its configuration in its own time.
            primary, "select count(*) from pg_stat_replication where sync_state in ('sync', 'quorum')") == "1");
    }

    protected override async Task Promote(DatabaseServer standby)
    {
        // Until it has a standby of its own.
        await Ask(standby, "alter system reset synchronous_standby_names");
        await Ask(standby, "select pg_reload_conf()");
        await Ask(standby, "select pg_promote(true, 60)");
    }

    private static async Task<string> Ask(DatabaseServer server, string sql)
    {
        await using var connection = new NpgsqlConnection(
            server.ConnectionString("postgres") + ";Pooling=false;Timeout=5");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 90 };
        return Convert.ToString(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture) ?? "";
    }

    private sealed class Server : PostgresServer
    {
        protected override IEnumerable<string> Options =>
            ["wal_level=replica", "max_wal_senders=4", "hot_standby=on", "wal_keep_size=512MB"];

        /// <summary>Copies the files of the primary, and follows it.</summary>
        public async Task Copy(int port)
        {
            await Own(CancellationToken.None);
            await Run(
                Command(
                    "pg_basebackup", "-h", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture), "-U", "dtm",
                    "-D", Data, "-R", "-X", "stream", "--checkpoint=fast"),
                CancellationToken.None);
            await Start(CancellationToken.None);
        }
    }
}

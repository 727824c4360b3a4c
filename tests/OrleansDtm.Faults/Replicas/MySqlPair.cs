using System.Globalization;
using MySqlConnector;
using OrleansDtm.Tests.Support.Databases;

namespace OrleansDtm.Faults.Replicas;

/// <summary>
/// What MariaDB and Oracle's MySQL have in common: the standby replays the primary's log from its start.
/// </summary>
internal abstract class MySqlFamilyPair : DatabasePair
{
    /// <summary>Longer than any run: without an answer of the standby a commit waits, it is not answered.</summary>
    protected const string Forever = "86400000";

    protected abstract string StatusSql { get; }

    protected abstract string RunningColumn { get; }

    protected abstract string PromoteSql { get; }

    protected override async Task Follow(DatabaseServer standby, DatabaseServer primary)
    {
        await standby.Start(CancellationToken.None);

        // Every commit since the first would wait for the disk.
        await Execute(standby, "set global sync_binlog = 0; set global innodb_flush_log_at_trx_commit = 0");
        await Execute(standby, FollowSql(primary.Port));
    }

    protected override Task CaughtUp(DatabaseServer standby) =>
        Execute(standby, "set global sync_binlog = 1; set global innodb_flush_log_at_trx_commit = 1");

    protected abstract string FollowSql(int port);

    /// <summary>Everything that the standby has received is in its tables.</summary>
    protected abstract Task Drain(DatabaseServer standby);

    protected override async Task Promote(DatabaseServer standby)
    {
        await Drain(standby);
        await Execute(standby, PromoteSql);
    }

    protected static async Task Execute(DatabaseServer server, string sql)
    {
        await using var connection = await Open(server);
        await using var command = new MySqlCommand(sql, connection) { CommandTimeout = 60 };
        await command.ExecuteNonQueryAsync();
    }

    protected static async Task<string> Ask(DatabaseServer server, string sql)
    {
        await using var connection = await Open(server);
        await using var command = new MySqlCommand(sql, connection) { CommandTimeout = 60 };
        return Convert.ToString(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture) ?? "";
    }

    /// <summary>A column of the status of replication.</summary>
    protected async Task<string> Status(DatabaseServer standby, string column)
    {
        await using var connection = await Open(standby);
        await using var command = new MySqlCommand(StatusSql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        if (!await reader.ReadAsync())
        {
            return "";
        }

        // The other thread has errors whenever the primary is away.
        var error = Convert.ToString(reader["Last_SQL_Error"], CultureInfo.InvariantCulture) ?? "";
        return error.Length > 0
            ? throw new InvalidOperationException($"replication ended: {error}\n{standby.Tail}")
            : Convert.ToString(reader[column], CultureInfo.InvariantCulture) ?? "";
    }

    private static async Task<MySqlConnection> Open(DatabaseServer server)
    {
        var connection = new MySqlConnection(
            server.ConnectionString("mysql") + ";Pooling=false;ConnectionTimeout=5;AllowUserVariables=true");
        await connection.OpenAsync();
        return connection;
    }
}

/// <summary>MariaDB, semi-synchronous: the primary waits before it makes a commit visible (AFTER_SYNC).</summary>
internal sealed class MariaDbPair : MySqlFamilyPair
{
    protected override string StatusSql => "show slave status";

    protected override string RunningColumn => "Slave_IO_Running";

    protected override string PromoteSql =>
        "stop slave; reset slave all; set global read_only = 0";

    protected override DatabaseServer Create(int number) => new Server(number);

    protected override string FollowSql(int port) =>
        $"set global read_only = 1; change master to master_host = '127.0.0.1', master_port = {port}, "
        + "master_user = 'root', master_use_gtid = slave_pos, master_connect_retry = 1; start slave";

    protected override async Task<bool> HasAll(DatabaseServer standby, DatabaseServer primary) =>
        await Status(standby, RunningColumn) == "Yes"
        && await Ask(
            standby, $"select master_gtid_wait('{await Ask(primary, "select @@gtid_binlog_pos")}', 0.1)") == "0";

    protected override Task WaitForStandby(DatabaseServer primary) => Execute(
        primary,
        "set global rpl_semi_sync_master_enabled = 1");

    protected override async Task Drain(DatabaseServer standby)
    {
        await Execute(standby, "stop slave io_thread; set global rpl_semi_sync_master_enabled = 0");
        await Ask(standby, $"select master_gtid_wait('{await Status(standby, "Gtid_IO_Pos")}', 60)");
    }

    private sealed class Server(int number) : MariaDbServer
    {
        protected override IEnumerable<string> Options =>
        [
            $"--server-id={number}", "--log-bin=log", "--log-slave-updates=1", "--sync-binlog=1",
            "--gtid-strict-mode=1", "--binlog-format=row", "--rpl-semi-sync-slave-enabled=1",
            $"--rpl-semi-sync-master-timeout={Forever}", "--rpl-semi-sync-master-wait-point=AFTER_SYNC",
            "--slave-parallel-threads=2", "--slave-net-timeout=5", "--relay-log=relay",
        ];
    }
}

/// <summary>Oracle's MySQL, semi-synchronous (AFTER_SYNC), with GTIDs.</summary>
internal sealed class MySqlPair : MySqlFamilyPair
{
    protected override string StatusSql => "show replica status";

    protected override string RunningColumn => "Replica_IO_Running";

    protected override string PromoteSql =>
        "stop replica; reset replica all; set global super_read_only = 0; set global read_only = 0";

    protected override DatabaseServer Create(int number) => new Server(number);

    protected override string FollowSql(int port) =>
        "reset binary logs and gtids; set global super_read_only = 1; change replication source to "
        + $"source_host = '127.0.0.1', source_port = {port}, source_user = 'root', source_auto_position = 1, "
        + "get_source_public_key = 1, source_connect_retry = 1; start replica";

    protected override async Task<bool> HasAll(DatabaseServer standby, DatabaseServer primary) =>
        await Status(standby, RunningColumn) == "Yes"
        && await Ask(
            standby,
            $"select wait_for_executed_gtid_set('{await Ask(primary, "select @@global.gtid_executed")}', 0.1)") == "0";

    protected override Task WaitForStandby(DatabaseServer primary) =>
        Execute(primary, "set global rpl_semi_sync_source_enabled = 1");

    protected override async Task Drain(DatabaseServer standby)
    {
        await Execute(standby, "stop replica io_thread; set global rpl_semi_sync_source_enabled = 0");
        await Ask(
            standby, $"select wait_for_executed_gtid_set('{await Status(standby, "Retrieved_Gtid_Set")}', 60)");
    }

    private sealed class Server(int number) : MySqlServer
    {
        protected override IEnumerable<string> Options =>
        [
            $"--server-id={number}", "--log-bin=log", "--relay-log=relay", "--gtid-mode=ON",
            "--enforce-gtid-consistency=ON", "--plugin-load-add=semisync_source.so",
            "--plugin-load-add=semisync_replica.so", "--loose-rpl-semi-sync-replica-enabled=1",
            $"--loose-rpl-semi-sync-source-timeout={Forever}", "--loose-rpl-semi-sync-source-wait-point=AFTER_SYNC",
            "--replica-net-timeout=5",
        ];
    }
}

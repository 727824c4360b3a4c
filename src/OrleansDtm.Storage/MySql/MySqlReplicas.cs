using System.Data.Common;
using System.Globalization;
using OrleansDtm.Storage.Inspection;
using OrleansDtm.Storage.Servers;

namespace OrleansDtm.Storage.MySql;

/// <summary>Whether the replicas of a MySQL or MariaDB have each commit before it is answered.</summary>
internal static class MySqlReplicas
{
    /// <summary>A primary that waits no longer than this answers commits that no replica has.</summary>
    private static readonly TimeSpan LongWait = TimeSpan.FromHours(1);

    /// <summary>Null = no replica is connected, or the user may not see them (PROCESS).</summary>
    public static Finding? Look(DbConnection connection)
    {
        var replicas = Convert.ToInt64(
            connection.Ask("select count(*) from information_schema.processlist where command like 'Binlog Dump%'"),
            CultureInfo.InvariantCulture);
        if (replicas == 0)
        {
            return null;
        }

        // MariaDB says master, MySQL source. Without the plugin there are none of these.
        var status = Values(connection, "show global status where variable_name in "
            + "('Rpl_semi_sync_master_status', 'Rpl_semi_sync_source_status')");
        var settings = Values(connection, "show global variables where variable_name in "
            + "('rpl_semi_sync_master_timeout', 'rpl_semi_sync_source_timeout', "
            + "'rpl_semi_sync_master_wait_point', 'rpl_semi_sync_source_wait_point')");
        if (!status.Any(static s => s.Value == "ON"))
        {
            return Finding.Note($"it has {replicas} asynchronous replicas: a failover to one loses the acknowledged "
                + "transactions that it has not received. Use semi-synchronous replication (AFTER_SYNC)");
        }

        var timeout = settings.FirstOrDefault(static s => s.Key.EndsWith("timeout", StringComparison.Ordinal));
        if (long.TryParse(timeout.Value, CultureInfo.InvariantCulture, out var milliseconds)
            && TimeSpan.FromMilliseconds(milliseconds) < LongWait)
        {
            return Finding.Note($"its replicas are semi-synchronous, but after {timeout.Key}={milliseconds} ms without "
                + "an answer it goes on without them, and a failover may lose acknowledged transactions. Set it to "
                + "hours");
        }

        return settings.Any(static s => s.Value == "AFTER_COMMIT")
            ? Finding.Note("its replicas are semi-synchronous with AFTER_COMMIT: other sessions see commits that a "
                + "failover may lose. Use AFTER_SYNC")
            : Finding.Good("its replicas are semi-synchronous: a failover loses nothing");
    }

    private static Dictionary<string, string> Values(DbConnection connection, string sql)
    {
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            values[reader.GetString(0)] = reader.GetString(1);
        }

        return values;
    }
}

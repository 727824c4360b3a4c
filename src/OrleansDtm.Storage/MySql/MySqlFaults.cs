using MySqlConnector;
using OrleansDtm.Storage.Servers;

namespace OrleansDtm.Storage.MySql;

/// <summary>The error numbers of MySQL and MariaDB.</summary>
internal static class MySqlFaults
{
    /// <summary>The first error number of the server; smaller ones are of its files and of the client.</summary>
    private const int FirstServerError = 1000;
    private const int FirstClientError = 2000;
    private const int LastClientError = 2999;

    /// <summary>By number, because the client library does not name all of them.</summary>
    private static readonly HashSet<int> Unavailable =
    [
        1021, // disk full
        1026, // error writing file
        1030, // storage engine error, such as no space left
        1037, 1038, 1041, // out of memory
        1040, 1203, 1226, // too many connections
        1042, 1043, 1129, 1130, 1158, 1159, 1160, 1161, // connecting, reading and writing packets
        1044, 1045, 1049, 1142, 1143, 1146, 1227, // rights, database or tables removed
        1047, // a Galera node without quorum
        1053, 1077, 1079, // shutting down
        1105, // unknown
        1114, // table full
        1180, // error during commit
        1290, 1792, 1836, 3100, // read-only
        1317, 1927, 1969, 3024, // interrupted, killed, out of time
        3168, 4031, // not ready; disconnected for inactivity
    ];

    /// <summary>
    /// The size of a row, a packet, a transaction of the binary log, an undo record, or of data for a column.
    /// </summary>
    public static bool IsTooLarge(Exception error) =>
        error is MySqlException { Number: 1118 or 1153 or 1197 or 1406 or 1713 };

    public static ServerFault Classify(Exception error) => error switch
    {
        MySqlException { InnerException: IOException or System.Net.Sockets.SocketException } => ServerFault.Unavailable,
        MySqlException e => Classify(e.Number),
        StoreTooLargeException => ServerFault.Refused,
        _ => ServerFault.Unavailable,
    };

    private static ServerFault Classify(int number) => number switch
    {
        < FirstServerError or (>= FirstClientError and <= LastClientError) => ServerFault.Unavailable,
        // lock wait timeout, deadlock, lost to another node, changed since read
        1205 or 1213 or 1614 or 3101 or 1020 => ServerFault.Undone,
        // a gid that exists; out of range, which MySqlBatch raises for unexpected versions and ids
        1062 or 1690 => ServerFault.Surprise,
        _ => Unavailable.Contains(number) ? ServerFault.Unavailable : ServerFault.Refused,
    };
}

using System.Globalization;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;

namespace OrleansDtm.Cluster.Tests.Processes;

/// <summary>Real server processes that are silos of one cluster.</summary>
internal static class ClusterProcess
{
    /// <summary>Starts one more silo on this database. Returns when it has joined and listens.</summary>
    public static Task<ServerProcess> Start(
        DatabaseServer database, string connectionString, CancellationToken cancel,
        params (string Name, string Value)[] settings) =>
        ServerProcess.Start(
            cancel,
            [
                ("STORE_DRIVER", database.Driver),
                ("STORE_CONNECTION_STRING", connectionString),
                ("ORLEANSDTM_Cluster__Mode", "AdoNet"),
                ("ORLEANSDTM_Cluster__SiloPort", FreePort.Next().ToString(CultureInfo.InvariantCulture)),
                ("ORLEANSDTM_Cluster__GatewayPort", "0"),
                ("RETRY_INTERVAL", "0.2"),
                .. settings,
            ]);
}

using System.Net;
using System.Net.Sockets;
using OrleansDtm.Grains.Activity;
using OrleansDtm.Grains.Alerts;
using OrleansDtm.Grains.Hosting;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Tls;

namespace OrleansDtm.Server.Hosting;

/// <summary>The silo in the server's own process.</summary>
internal static class SiloHosting
{
    /// <param name="tls">Of the silo and gateway ports; null = none.</param>
    public static void AddCoordinatorSilo(
        this IHostApplicationBuilder builder, CoordinatorOptions options, ClusterTls? tls)
    {
        if (options.Cluster.IsShared)
        {
            builder.Services.AddClusterTables(options);
        }

        builder.UseOrleans(silo =>
        {
            if (options.Cluster.IsShared)
            {
                silo.JoinCluster(options);
            }
            else
            {
                silo.StayAlone(options.Cluster);
            }

            tls?.Use(silo);
            silo.Services.KeepCollectorClock();

            silo.AddOrleansDtm(grains =>
            {
                grains.SweepInterval = options.TransCronInterval;
                grains.BranchCallsPerServiceMax = options.Limits.BranchCallsPerServiceMax;
                grains.BranchCallsPerTransactionMax = options.Limits.BranchCallsPerTransactionMax;
                grains.BatchRate = options.Limits.BatchRate;
                grains.BranchCallsMax = options.Limits.BranchCallsMax;
                grains.LiveBytesMax = options.Limits.LiveBytesMax;
                grains.Namespaces.UnfinishedMax = options.Limits.NamespaceUnfinishedMax;
                foreach (var (name, max) in options.Limits.Namespaces)
                {
                    grains.Namespaces.Unfinished[name] = max;
                }

                RequestSettings.Apply(options, grains.Requests);
                grains.SoleOwner = StoreFactory.Driver(options.Store).IsFile;
                grains.Retention = options.Store.Retention;
                grains.Audit.Requests = options.Audit.Requests;
                grains.Audit.Retention = options.Audit.Retention;
            });
            if (options.Admin.Enabled)
            {
                silo.AddActivityWindow();
            }

            if (options.AlertWebHook.Length > 0)
            {
                silo.AddTransactionAlerts(
                    new AlertOptions { WebHook = new Uri(options.AlertWebHook), RetryLimit = options.AlertRetryLimit });
            }
        });
    }

    private static void StayAlone(this ISiloBuilder silo, ClusterOptions options)
    {
        var port = options.SiloPort == 0 ? FreePort() : options.SiloPort;

        // Gateway 0: a single silo accepts Orleans clients only if a port is set; the APIs run in this process.
        silo.UseLocalhostClustering(
            port, options.GatewayPort ?? 0, serviceId: options.ServiceId, clusterId: options.ClusterId);

        // The store is the truth; recovery registers its reminder again at each start.
        silo.UseInMemoryReminderService();
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}

using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using OrleansDtm.Branches;
using OrleansDtm.Grains.Hosting;

namespace OrleansDtm.Samples.GrainBranches;

/// <summary>
/// Two silos of one cluster: the coordinator, and the bank that uses it. Normally they are two programs; here they
/// share a process, so that there is nothing to install.
/// </summary>
internal static class Silos
{
    private const string Cluster = "grain-branches";

    /// <summary>A coordinator with a SQLite file, in its own silo.</summary>
    /// <param name="file">The SQLite file.</param>
    /// <param name="silo">Where it listens.</param>
    public static IHost Coordinator(string file, IPEndPoint silo) => Host(builder =>
    {
        builder.UseLocalhostClustering(silo.Port, FreePort(), serviceId: Cluster, clusterId: Cluster);
        builder.UseInMemoryReminderService();
        builder.AddOrleansDtm(dtm => dtm.UseSqlite(file));

        // As in a separate program: accounts are activated in the bank's silo only.
        builder.Configure<GrainTypeOptions>(static grains => grains.Classes.Remove(typeof(AccountGrain)));
    });

    /// <summary>The bank: its grains are the branches, and it submits the sagas.</summary>
    /// <param name="coordinator">A silo of the cluster to join.</param>
    public static IHost Bank(IPEndPoint coordinator) => Host(builder =>
    {
        builder.UseLocalhostClustering(FreePort(), FreePort(), coordinator, Cluster, Cluster);
        builder.UseInMemoryReminderService();
        builder.AddOrleansDtmClient();
        builder.AddBranchGrain<IAccountGrain>(
            methods: [nameof(IAccountGrain.Withdraw), nameof(IAccountGrain.Deposit), nameof(IAccountGrain.Undo)]);
    });

    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static IHost Host(Action<ISiloBuilder> configure)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Logging.AddFilter("Orleans", LogLevel.Critical); // Hides the messages of starting and stopping silos.
        builder.Logging.AddFilter("OrleansDtm", LogLevel.Warning);
        builder.Logging.AddSimpleConsole();
        builder.UseOrleans(configure);
        return builder.Build();
    }
}

using System.Data.Common;
using System.Net;
using System.Net.Sockets;
using Orleans.Configuration;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Servers;
using ClusterOptions = OrleansDtm.Server.Configuration.ClusterOptions;

namespace OrleansDtm.Server.Hosting;

/// <summary>A silo of a cluster; the silos find each other in tables of the database.</summary>
internal static class ClusterHosting
{
    public const int SiloPort = 11111;
    public const int GatewayPort = 30000;

    /// <summary>
    /// Creates missing tables. Register it after the store, which creates the database, and before the silo.
    /// </summary>
    public static void AddClusterTables(this IServiceCollection services, CoordinatorOptions options) =>
        services.AddHostedService(_ => new TableStarter(options));

    public static void JoinCluster(this ISiloBuilder silo, CoordinatorOptions options)
    {
        var invariant = Tables(options).Invariant;
        silo.Services.AddSingleton(_ => new ClusterPool(Tables(options).CreatePool(Database(options))));
        silo.UseAdoNetClustering(
            o => o.Configure<ClusterPool>((o, pool) => (o.Invariant, o.DataSource) = (invariant, pool.Source)));
        silo.UseAdoNetReminderService(
            o => o.Configure<ClusterPool>((o, pool) => (o.Invariant, o.DataSource) = (invariant, pool.Source)));

        // For other grains; transactions and topics are in the store.
        silo.AddAdoNetGrainStorageAsDefault(
            o => o.Configure<ClusterPool>((o, pool) => (o.Invariant, o.DataSource) = (invariant, pool.Source)));
        silo.Configure<Orleans.Configuration.ClusterOptions>(
            o => (o.ClusterId, o.ServiceId) = (options.Cluster.ClusterId, options.Cluster.ServiceId));
        silo.Configure<ClusterMembershipOptions>(NoticeDeathFast);
        silo.Services.AddSingleton<IFatalErrorHandler, FatalExit>();
        silo.Services.AddSingleton<ILocalSiloDetails>(services => ActivatorUtilities.CreateInstance<SuccessorDetails>(
            services, () => Tables(options).LastGeneration(Database(options), options.Cluster.ClusterId)));
        silo.Configure<EndpointOptions>(o => SetEndpoints(o, options));
        if (options.Cluster.Mode == ClusterOptions.Kubernetes)
        {
            silo.UseKubernetesHosting();
        }
    }

    /// <summary>
    /// Failure detection. A killed silo loses its connections and is declared dead after two probes, about a second
    /// apart. A silent one with an open connection gets <c>MaxProbeTimeout</c> times the missed probes, 4 s, because a
    /// machine short of CPU looks the same.
    /// </summary>
    private static void NoticeDeathFast(ClusterMembershipOptions options)
    {
        options.ProbeTimeout = TimeSpan.FromSeconds(1);
        options.MaxProbeTimeout = TimeSpan.FromSeconds(2);
        options.NumMissedProbesLimit = 2;

        // After all silos were killed their rows still say Active. A joining silo must reach every active silo or see
        // that its row is stale; with these values that takes four seconds.
        options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(1);
        options.NumMissedTableIAmAliveLimit = 4;
        options.TableRefreshTimeout = TimeSpan.FromSeconds(1);
        options.MaxJoinAttemptTime = TimeSpan.FromMinutes(1);

        // Two clocks measure that time: a joining silo with a clock a minute behind would be declared dead at once. No
        // silo waits for one that died while joining; its row is deleted after a day.
        options.EvictWhenMaxJoinAttemptTimeExceeded = false;
    }

    /// <summary>The addresses where the silo listens, and its advertised address.</summary>
    public static SiloPlaces Places(CoordinatorOptions options)
    {
        var given = options.Cluster.AdvertisedAddress is { Length: > 0 } own ? own : options.Bind;
        if (given == "*" && options.Cluster.Mode != ClusterOptions.Kubernetes)
        {
            given = Environment.GetEnvironmentVariable("POD_IP");
        }

        var advertised = given == "localhost"
            ? IPAddress.Loopback
            : IPAddress.TryParse(given, out var address)
            ? address
            : null;
        return new SiloPlaces(
            advertised,

            // Addresses may be translated by the network, so it listens on all.
            advertised is not null && IPAddress.IsLoopback(advertised) ? advertised
                : advertised?.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any,
            options.Cluster.SiloPort == 0 ? SiloPort : options.Cluster.SiloPort,
            options.Cluster.GatewayPort ?? GatewayPort);
    }

    private static void SetEndpoints(EndpointOptions endpoints, CoordinatorOptions options)
    {
        var places = Places(options);
        (endpoints.SiloPort, endpoints.GatewayPort) = (places.SiloPort, places.GatewayPort);
        if (places.Advertised is not null)
        {
            // The default of Orleans is the machine's first address, or the pod's.
            endpoints.AdvertisedIPAddress = places.Advertised;
        }

        endpoints.SiloListeningEndpoint = new IPEndPoint(places.Listening, places.SiloPort);
        endpoints.GatewayListeningEndpoint = places.GatewayPort > 0
            ? new IPEndPoint(places.Listening, places.GatewayPort)
            : null;
    }

    /// <summary>Never null: the settings refuse a cluster on a driver without them.</summary>
    private static ClusterTables Tables(CoordinatorOptions options) => StoreFactory.Driver(options.Store).Cluster!;

    /// <summary>Connection of the cluster tables.</summary>
    private static DatabaseOptions Database(CoordinatorOptions options) => StoreFactory.Database(
        options.Store,
        options.Cluster.ConnectionString is { Length: > 0 } own ? own : StoreFactory.Places(options.Store)[0]);

    /// <summary>Connections of the providers.</summary>
    private sealed class ClusterPool(DbDataSource source) : IDisposable
    {
        public DbDataSource Source => source;

        public void Dispose() => source.Dispose();
    }

    private sealed class TableStarter(CoordinatorOptions options) : IHostedService
    {
        public async Task StartAsync(CancellationToken cancellationToken)
        {
            await Tables(options).Ensure(Database(options), cancellationToken);
            await Tables(options).ForgetWhoNeverJoined(Database(options), options.Cluster.ClusterId, cancellationToken);
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

/// <param name="Advertised">Null = the machine's first address, or the pod's.</param>
/// <param name="Listening">Listening address.</param>
/// <param name="SiloPort">Between silos.</param>
/// <param name="GatewayPort">For Orleans clients; 0 = none.</param>
internal sealed record SiloPlaces(IPAddress? Advertised, IPAddress Listening, int SiloPort, int GatewayPort);

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.ServiceDiscovery;
using Orleans.Configuration;
using Orleans.Metadata;
using Orleans.Runtime.GrainDirectory;
using Orleans.Runtime.Hosting;
using OrleansDtm.Abstractions;
using OrleansDtm.Branches;
using OrleansDtm.Grains.Audit;
using OrleansDtm.Grains.Batches;
using OrleansDtm.Grains.Calls;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Grains.Recovery;
using OrleansDtm.Grains.Running;
using OrleansDtm.Grains.Service;
using OrleansDtm.Grains.Watching;
using OrleansDtm.Invokers;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Hosting;

/// <summary>Adds the coordinator to a silo.</summary>
public static class OrleansDtmSiloExtensions
{
    /// <summary>
    /// Adds the coordinator's grains and services, except a reminder service, and <see cref="ITransactions"/>:
    /// <c>silo.AddOrleansDtm(o => o.UseSqlite("dtm.db"))</c>. Every silo on which the coordinator's assemblies are
    /// loaded must call this with the same store, or <c>AddOrleansDtmClient</c>. Branch URLs may contain service names
    /// if Microsoft.Extensions.ServiceDiscovery is registered (<c>silo.Services.AddServiceDiscovery()</c>). To use your
    /// own registry, register an <see cref="IServiceEndpointProviderFactory"/>.
    /// </summary>
    /// <param name="silo">The silo.</param>
    /// <param name="configure">Sets a store. Not required if the application registers and starts its own
    /// <see cref="ITransactionStore"/> and <see cref="IKeyValueStore"/>. The audit log is stored if that store is an
    /// <see cref="IAuditStore"/>; otherwise it is only in the process's log.</param>
    public static ISiloBuilder AddOrleansDtm(this ISiloBuilder silo, Action<DtmGrainOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(silo);
        var services = silo.Services;
        var options = services.AddOptions<DtmGrainOptions>();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(static provider => new InvokerOptions
        {
            Targets = provider.GetRequiredService<IOptions<DtmGrainOptions>>().Value.Requests.Targets,
            Services = provider.GetService<ServiceEndpointResolver>(),
        });
        services.AddSingleton<IServiceEndpointProviderFactory, NoEndpoints>();
        services.TryAddSingleton<BranchHttpClient>();
        services.TryAddSingleton<HttpBranchInvoker>();
        services.TryAddSingleton<GrpcBranchInvoker>();
        services.TryAddSingleton<JsonRpcBranchInvoker>();
        services.TryAddSingleton<IBranchInvoker, BranchInvokers>();
        services.TryAddSingleton<ICluster, OrleansCluster>();
        services.TryAddSingleton<GoneOwners>();
        services.TryAddSingleton<BranchServices>();
        services.TryAddSingleton(
            static provider => new CallLimits(
                provider.GetRequiredService<IOptions<DtmGrainOptions>>(),
                provider.GetRequiredService<Starvation>(),
                provider.GetRequiredService<LiveMemory>()));
        services.TryAddSingleton(static provider => new Starvation(
            provider.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(),
            provider.GetRequiredService<IOptions<DtmGrainOptions>>().Value.Clock,
            provider.GetRequiredService<ILogger<Starvation>>()));
        services.TryAddSingleton<IBranchCaller, GrainBranchCaller>();
        services.TryAddSingleton<BranchGrainDirectory>();
        services.TryAddSingleton<GrainBranchInvoker>();
        AddStore(services);
        AddRequests(services);
        services.AddMetrics();
        services.AddSingleton<ITransactionObserver, TransactionMetrics>();
        services.TryAddSingleton<RetentionMetrics>();
        services.TryAddSingleton<BranchMetrics>();
        services.TryAddSingleton<SweepMetrics>();
        services.AddPlacementDirector<ShardPlacement, ShardPlacementDirector>();
        AddAddresses(services);
        services.TryAddSingleton(static provider => new LiveMemory(
            provider.GetRequiredService<IOptions<DtmGrainOptions>>().Value.LiveBytesMax));
        services.TryAddSingleton(static provider => new RunnerServices(
            provider.GetRequiredService<ITransactionStore>(),
            provider.GetRequiredService<IBranchCaller>(),
            provider.GetRequiredService<IOptions<DtmGrainOptions>>().Value.Clock,
            provider.GetRequiredService<IOptions<DtmGrainOptions>>().Value.SoleOwner
                ? ProcessIdentity.Create()
                : ProcessIdentity.Of(provider.GetRequiredService<ILocalSiloDetails>().SiloAddress),
            provider.GetRequiredService<IOptions<DtmGrainOptions>>().Value.KeepAlive,
            provider.GetRequiredService<ILogger<TransactionRunner>>(),
            [.. provider.GetServices<ITransactionObserver>()],
            provider.GetRequiredService<IOptions<DtmGrainOptions>>().Value.SoleOwner,
            provider.GetRequiredService<LiveMemory>()));

        services.TryAddSingleton(static provider => TurnScheduler.ThreadPool(
            provider.GetRequiredService<IOptions<DtmGrainOptions>>().Value.Clock));
        services.TryAddSingleton(static provider => new Running.Transactions(
            new Lazy<RunnerServices>(provider.GetRequiredService<RunnerServices>),
            provider.GetRequiredService<ICluster>(),
            provider.GetRequiredService<IOptions<DtmGrainOptions>>().Value.Clock,
            provider.GetRequiredService<TurnScheduler>()));
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            static provider => provider.GetRequiredService<Running.Transactions>());
        services.AddSingleton<ClockKeeper>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            static provider => provider.GetRequiredService<ClockKeeper>());
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, RecoveryKeeper>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, BatchKeeper>();
        silo.AddWatching();
        return silo;
    }

    private static void AddStore(IServiceCollection services)
    {
        services.TryAddSingleton<ConfiguredStore>();
        services.TryAddSingleton(static provider => provider.GetRequiredService<ConfiguredStore>().Store);
        services.TryAddSingleton(static provider => (IKeyValueStore)provider.GetRequiredService<ITransactionStore>());
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            static provider => provider.GetRequiredService<ConfiguredStore>());
    }

    /// <summary>Adds placement and addresses of transactions.</summary>
    private static void AddAddresses(IServiceCollection services)
    {
        services.TryAddSingleton(static provider => new TransactionOwners(
            provider.GetRequiredService<ILocalSiloDetails>(),
            provider.GetRequiredService<IClusterMembershipService>(),
            provider.GetRequiredService<IClusterManifestProvider>(),
            provider.GetRequiredService<GrainTypeResolver>().GetGrainType(typeof(TransactionGrain))));
        services.AddPlacementDirector<TransactionPlacement, TransactionPlacementDirector>();
        services.AddGrainDirectory(
            TransactionDirectory.Name,
            static (provider, _) => new TransactionDirectory(provider.GetRequiredService<TransactionOwners>()));

        // A cache that is registered earlier is kept for all other grains.
        var own = services.LastOrDefault(
            static s => s.ServiceType == typeof(IGrainDirectoryCache) && !s.IsKeyedService);
        services.RemoveAll<IGrainDirectoryCache>();
        services.AddSingleton<IGrainDirectoryCache>(provider => new TransactionAddresses(
            provider.GetRequiredService<TransactionOwners>(),
            own is null ? OrleansCache(provider) : Create(own, provider)));
    }

    /// <summary>Creates the cache that Orleans uses if none is registered.</summary>
    private static IGrainDirectoryCache OrleansCache(IServiceProvider provider)
    {
        var options = provider.GetRequiredService<IOptions<GrainDirectoryOptions>>().Value;
        return GrainDirectoryCacheFactory.CreateGrainDirectoryCache(
            provider,
            new GrainDirectoryOptions { CacheSize = options.CacheSize, MaximumCacheTTL = options.MaximumCacheTTL });
    }

    private static IGrainDirectoryCache Create(ServiceDescriptor own, IServiceProvider provider) =>
        (IGrainDirectoryCache)(
            own.ImplementationInstance
            ?? own.ImplementationFactory?.Invoke(provider)
            ?? ActivatorUtilities.CreateInstance(provider, own.ImplementationType!));

    /// <summary>Adds request validation, topics and the API for Orleans clients.</summary>
    private static void AddRequests(IServiceCollection services)
    {
        services.AddTransactions();
        services.TryAddSingleton(static provider => new RequestValidator(
            provider.GetRequiredService<IOptions<DtmGrainOptions>>().Value.Requests,
            provider.GetRequiredService<BranchGrainDirectory>(),
            provider.GetService<ILogger<RequestValidator>>()));
        services.TryAddSingleton<TopicService>();
        services.TryAddSingleton<AuditMetrics>();
        services.TryAddSingleton(static provider => new AuditTrail(
            provider.GetRequiredService<ITransactionStore>() as IAuditStore,
            provider.GetRequiredService<IOptions<DtmGrainOptions>>(),
            provider.GetRequiredService<AuditMetrics>(),
            provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            static provider => provider.GetRequiredService<AuditTrail>());
        services.TryAddSingleton<AuditedRequests>();
        services.TryAddSingleton(static provider => ActivatorUtilities.CreateInstance<BatchService>(
            provider, provider.GetRequiredService<IOptions<DtmGrainOptions>>().Value.Clock));
        services.TryAddSingleton(static provider => new UnfinishedQuota(
            provider.GetRequiredService<ITransactionStore>(),
            provider.GetRequiredService<IOptions<DtmGrainOptions>>().Value.Clock));
        services.AddSingleton<ITransactionObserver>(
            static provider => provider.GetRequiredService<UnfinishedQuota>());
        services.TryAddSingleton<NamespaceQuota>();
        services.AddSingleton<ITransactionObserver>(
            static provider => provider.GetRequiredService<NamespaceQuota>());
        services.TryAddSingleton(static provider => ActivatorUtilities.CreateInstance<TransactionService>(
            provider, provider.GetRequiredService<IOptions<DtmGrainOptions>>().Value.Clock));
    }
}

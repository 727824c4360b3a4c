using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansDtm.Grains.Branch;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Grains.Recovery;
using OrleansDtm.Grains.Transaction;
using OrleansDtm.Invokers;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Hosting;

/// <summary>Makes a silo a coordinator.</summary>
public static class OrleansDtmSiloExtensions
{
    /// <summary>
    /// Adds the coordinator's grains and what they need, except the <see cref="ITransactionStore"/> and
    /// <see cref="IKeyValueStore"/>, which must be registered and started beside it, and a reminder service.
    /// </summary>
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
        services.TryAddSingleton(new InvokerOptions());
        services.TryAddSingleton<BranchHttpClient>();
        services.TryAddSingleton<HttpBranchInvoker>();
        services.TryAddSingleton<GrpcBranchInvoker>();
        services.TryAddSingleton<JsonRpcBranchInvoker>();
        services.TryAddSingleton<IBranchInvoker, BranchInvokers>();
        services.TryAddSingleton<GrainReferences>();
        services.TryAddSingleton<GoneOwners>();
        services.TryAddSingleton<IBranchCaller, GrainBranchCaller>();
        services.AddMetrics();
        services.AddSingleton<ITransactionObserver, TransactionMetrics>();
        services.TryAddSingleton<RetentionMetrics>();
        services.AddPlacementDirector<ShardPlacement, ShardPlacementDirector>();
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
            provider.GetRequiredService<IOptions<DtmGrainOptions>>().Value.SoleOwner));

        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, RecoveryKeeper>();
        return silo;
    }
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansDtm.Grains.Running;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Watching;

/// <summary>Adds waits for the end of transactions, and the stream of their changes.</summary>
internal static class WatchSiloExtensions
{
    public static void AddWatching(this ISiloBuilder silo)
    {
        var services = silo.Services;
        services.TryAddSingleton(static provider => new EndWaits(
            provider.GetRequiredService<ITransactionStore>(),
            new Lazy<Running.Transactions>(provider.GetRequiredService<Running.Transactions>)));
        services.AddSingleton<ITransactionObserver>(static provider => provider.GetRequiredService<EndWaits>());
        services.TryAddSingleton(static provider => new LocalChanges(Clock(provider)));
        services.AddSingleton<ITransactionObserver>(static provider => provider.GetRequiredService<LocalChanges>());
        services.TryAddSingleton<WatchClient>();
        silo.AddGrainService<WatchService>();
        services.TryAddSingleton(static provider => new EndWatch(
            provider.GetRequiredService<EndWaits>(),
            provider.GetRequiredService<TransactionOwners>(),
            provider.GetRequiredService<WatchClient>(),
            provider.GetRequiredService<IClusterMembershipService>(),
            Clock(provider)));
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            static provider => provider.GetRequiredService<EndWatch>());
        services.TryAddSingleton(static provider => new ClusterChanges(
            provider.GetRequiredService<LocalChanges>(),
            provider.GetRequiredService<WatchClient>(),
            provider.GetRequiredService<ILocalSiloDetails>(),
            provider.GetRequiredService<IClusterMembershipService>(),
            provider.GetRequiredService<TransactionOwners>(),
            Clock(provider),
            provider.GetRequiredService<ILogger<ClusterChanges>>()));
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            static provider => provider.GetRequiredService<ClusterChanges>());
    }

    private static TimeProvider Clock(IServiceProvider provider) =>
        provider.GetRequiredService<IOptions<DtmGrainOptions>>().Value.Clock;
}

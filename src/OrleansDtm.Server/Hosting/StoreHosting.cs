using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Hosting;

/// <summary>Opens the store before its users start, and closes it after they stop.</summary>
internal static class StoreHosting
{
    public static void AddTransactionStore(this IServiceCollection services, CoordinatorOptions options)
    {
        services.AddSingleton(provider => StoreFactory.Create(
            options.Store,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton(static provider => (IKeyValueStore)provider.GetRequiredService<ITransactionStore>());
        services.AddHostedService<StoreStarter>();
    }

    /// <summary>Register it before the silo: hosted services start in order and stop in reverse.</summary>
    private sealed class StoreStarter(ITransactionStore store) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => store.Start(cancellationToken);

        public async Task StopAsync(CancellationToken cancellationToken) => await store.DisposeAsync();
    }
}

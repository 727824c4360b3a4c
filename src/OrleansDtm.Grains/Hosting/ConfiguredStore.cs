using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Hosting;

/// <summary>The store that <see cref="DtmGrainOptions.Store"/> makes, opened before and closed after everything that may ask for it.</summary>
internal sealed class ConfiguredStore(IOptions<DtmGrainOptions> options, IServiceProvider services) : ILifecycleParticipant<ISiloLifecycle>
{
    private readonly Lazy<ITransactionStore?> _store = new(() => options.Value.Store?.Invoke(services));

    /// <exception cref="InvalidOperationException">None is configured.</exception>
    public ITransactionStore Store => _store.Value ?? throw new InvalidOperationException(
        "AddOrleansDtm was not told where to keep transactions: silo.AddOrleansDtm(o => o.UseSqlite(file)), UseMySql or UsePostgres.");

    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(ConfiguredStore), ServiceLifecycleStage.RuntimeStorageServices, Start, Stop);

    private async Task Start(CancellationToken cancellationToken)
    {
        var used = services.GetRequiredService<ITransactionStore>();
        if (_store.Value is not { } store)
        {
            return; // Registered, started and stopped by somebody else.
        }

        if (!ReferenceEquals(used, store))
        {
            throw new InvalidOperationException(
                $"A {used.GetType().Name} is registered beside the {store.GetType().Name} that AddOrleansDtm was told to use: remove one of the two.");
        }

        await store.Start(cancellationToken);
    }

    private async Task Stop(CancellationToken cancellationToken)
    {
        if (_store.Value is { } store)
        {
            await store.DisposeAsync();
        }
    }
}

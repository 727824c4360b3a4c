using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Hosting;

/// <summary>
/// Creates the store of <see cref="DtmGrainOptions.Store"/>. Opens it before and closes it after everything that uses
/// it.
/// </summary>
internal sealed class ConfiguredStore(IOptions<DtmGrainOptions> options, IServiceProvider services)
    : ILifecycleParticipant<ISiloLifecycle>
{
    private readonly Lazy<ITransactionStore?> _store = new(() => options.Value.Store?.Invoke(services));

    /// <exception cref="InvalidOperationException">No store is configured.</exception>
    public ITransactionStore Store => _store.Value ?? throw new InvalidOperationException(
        "AddOrleansDtm: no store is configured. Call silo.AddOrleansDtm(o => "
        + "o.UseSqlite(file)), UseMySql or UsePostgres.");

    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(ConfiguredStore), ServiceLifecycleStage.RuntimeStorageServices, Start, Stop);

    private async Task Start(CancellationToken cancellationToken)
    {
        var used = services.GetRequiredService<ITransactionStore>();
        if (_store.Value is not { } store)
        {
            return; // The application registers, starts and stops its own store.
        }

        if (!ReferenceEquals(used, store))
        {
            throw new InvalidOperationException(
                $"Two stores are registered: {used.GetType().Name} and the "
                + $"{store.GetType().Name} of AddOrleansDtm. Remove one.");
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

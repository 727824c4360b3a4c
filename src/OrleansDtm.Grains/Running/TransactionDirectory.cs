using Orleans.GrainDirectory;

namespace OrleansDtm.Grains.Running;

/// <summary>
/// The grain directory of transactions. It computes addresses with <see cref="TransactionOwners"/> and stores nothing.
/// </summary>
internal sealed class TransactionDirectory(TransactionOwners owners) : IGrainDirectory
{
    public const string Name = "orleansdtm";

    public Task<GrainAddress?> Lookup(GrainId grainId) =>
        Task.FromResult<GrainAddress?>(new GrainAddress { GrainId = grainId, SiloAddress = owners.Of(grainId) });

    public Task<GrainAddress?> Register(GrainAddress address) => Task.FromResult<GrainAddress?>(address);

    public Task Unregister(GrainAddress address) => Task.CompletedTask;

    public Task UnregisterSilos(List<SiloAddress> siloAddresses) => Task.CompletedTask;
}

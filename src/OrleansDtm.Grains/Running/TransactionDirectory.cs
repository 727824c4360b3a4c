using Orleans.GrainDirectory;

namespace OrleansDtm.Grains.Running;

/// <summary>The directory of transactions: <see cref="TransactionOwners"/>, in Orleans' terms. Nothing is kept in it.</summary>
internal sealed class TransactionDirectory(TransactionOwners owners) : IGrainDirectory
{
    public const string Name = "orleansdtm";

    public Task<GrainAddress?> Lookup(GrainId grainId) =>
        Task.FromResult<GrainAddress?>(new GrainAddress { GrainId = grainId, SiloAddress = owners.Of(grainId) });

    public Task<GrainAddress?> Register(GrainAddress address) => Task.FromResult<GrainAddress?>(address);

    public Task Unregister(GrainAddress address) => Task.CompletedTask;

    public Task UnregisterSilos(List<SiloAddress> siloAddresses) => Task.CompletedTask;
}

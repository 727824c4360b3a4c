using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace OrleansDtm.Grains.Running;

/// <summary>
/// A transaction lives on the silo that <see cref="TransactionOwners"/> computes from its gid. So nobody looks it up and nobody registers
/// it: with a directory each transaction costs two questions to another silo, and one to clear up.
/// </summary>
[GenerateSerializer]
[Alias("dtm.TransactionPlacement")]
internal sealed class TransactionPlacement : PlacementStrategy
{
    public override bool IsUsingGrainDirectory => false;
}

[AttributeUsage(AttributeTargets.Class)]
internal sealed class TransactionPlacementAttribute() : PlacementAttribute(new TransactionPlacement());

/// <summary>Asked only where <see cref="TransactionAddresses"/> is not the silo's cache of addresses.</summary>
internal sealed class TransactionPlacementDirector(TransactionOwners owners) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context) =>
        Task.FromResult(owners.Of(target.GrainIdentity));
}

using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace OrleansDtm.Grains.Running;

/// <summary>
/// Places a transaction on the silo that <see cref="TransactionOwners"/> computes from its gid. This avoids a
/// directory, which costs three messages to another silo for each transaction.
/// </summary>
[GenerateSerializer]
[Alias("dtm.TransactionPlacement")]
internal sealed class TransactionPlacement : PlacementStrategy
{
    public override bool IsUsingGrainDirectory => false;
}

[AttributeUsage(AttributeTargets.Class)]
internal sealed class TransactionPlacementAttribute() : PlacementAttribute(new TransactionPlacement());

/// <summary>Used only if <see cref="TransactionAddresses"/> is not the silo's address cache.</summary>
internal sealed class TransactionPlacementDirector(TransactionOwners owners) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(
        PlacementStrategy strategy, PlacementTarget target, IPlacementContext context) =>
        Task.FromResult(owners.Of(target.GrainIdentity));
}

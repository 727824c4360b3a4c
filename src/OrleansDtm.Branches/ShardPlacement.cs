using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace OrleansDtm.Branches;

/// <summary>
/// Distributes the recovery grains of the shards evenly over the silos: shard n on silo n modulo their number. Local
/// placement would put all of them on the first silo. It is in this package because every silo that can get one of
/// their reminders must know it.
/// </summary>
[GenerateSerializer]
[Alias("dtm.ShardPlacement")]
internal sealed class ShardPlacement : PlacementStrategy;

[AttributeUsage(AttributeTargets.Class)]
internal sealed class ShardPlacementAttribute() : PlacementAttribute(new ShardPlacement());

internal sealed class ShardPlacementDirector : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(
        PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var silos = context.GetCompatibleSilos(target).Order().ToArray();
        return Task.FromResult(silos[(int)((ulong)target.GrainIdentity.GetIntegerKey() % (ulong)silos.Length)]);
    }
}

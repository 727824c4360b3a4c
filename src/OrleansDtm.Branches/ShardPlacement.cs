using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace OrleansDtm.Branches;

/// <summary>
/// Spreads the recovery grains of the shards evenly over the silos: shard n on the nth of them, counted round. Local placement
/// would heap all of them, and with them all that they wake, on the silo that started first. Here and not beside them,
/// because every silo must know it that a reminder of theirs may fall to.
/// </summary>
[GenerateSerializer]
[Alias("dtm.ShardPlacement")]
internal sealed class ShardPlacement : PlacementStrategy;

[AttributeUsage(AttributeTargets.Class)]
internal sealed class ShardPlacementAttribute() : PlacementAttribute(new ShardPlacement());

internal sealed class ShardPlacementDirector : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var silos = context.GetCompatibleSilos(target).Order().ToArray();
        return Task.FromResult(silos[(int)((ulong)target.GrainIdentity.GetIntegerKey() % (ulong)silos.Length)]);
    }
}

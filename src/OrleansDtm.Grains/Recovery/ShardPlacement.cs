using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace OrleansDtm.Grains.Recovery;

/// <summary>
/// Spreads the shards' <see cref="RecoveryGrain"/>s evenly over the silos: shard n on the nth of them, counted round. Local placement
/// would heap all of them, and with them all that they wake, on the silo that started first.
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

using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Messages;

namespace OrleansDtm.Grains.Running;

/// <summary>Locates transactions in the cluster and sends events to those on other silos.</summary>
internal interface ICluster
{
    /// <summary>Returns true if the transaction is placed on this silo.</summary>
    bool IsHere(string gid);

    /// <summary>Sends an event to a transaction on any silo.</summary>
    /// <exception cref="OrleansMessageRejectionException">The event was not delivered.</exception>
    /// <exception cref="OrleansException">The silo is unavailable. The event may still take effect.</exception>
    /// <exception cref="TimeoutException">No response arrived in time. The event may still take effect.</exception>
    Task<TransactionReply> Send(string gid, EventMessage message);
}

/// <summary>
/// Implements <see cref="ICluster"/> with Orleans. Resolves the grain type once: Orleans uses reflection for each
/// reference by interface, about 4 % of a saga's CPU.
/// </summary>
internal sealed class OrleansCluster : ICluster
{
    private readonly TransactionOwners _owners;
    private readonly IGrainFactory _factory;
    private readonly GrainInterfaceType _interface;

    public OrleansCluster(TransactionOwners owners, IGrainFactory factory)
    {
        (_owners, _factory) = (owners, factory);
        _interface = ((GrainReference)(IAddressable)factory.GetGrain<ITransactionGrain>("-")).InterfaceType;
    }

    public bool IsHere(string gid) => _owners.IsHere(gid);

    public Task<TransactionReply> Send(string gid, EventMessage message) =>
        ((ITransactionGrain)_factory.GetGrain(GrainId.Create(_owners.Type, gid), _interface)).Tell(message);
}

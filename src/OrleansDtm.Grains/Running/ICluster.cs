using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Messages;

namespace OrleansDtm.Grains.Running;

/// <summary>Where transactions live, and how one that lives in another silo is told of an event.</summary>
internal interface ICluster
{
    /// <summary>Requests for this transaction belong to this silo.</summary>
    bool IsHere(string gid);

    /// <summary>Sends a transaction an event, wherever it lives.</summary>
    /// <exception cref="OrleansMessageRejectionException">It was not delivered.</exception>
    /// <exception cref="OrleansException">Its silo cannot be reached. The event may still take effect.</exception>
    /// <exception cref="TimeoutException">No answer came. The event may still take effect.</exception>
    Task<TransactionReply> Send(string gid, EventMessage message);
}

/// <summary>
/// The cluster as Orleans knows it. Orleans looks up a grain's type by reflection each time a reference is asked for by
/// interface; here that is done once (it was about 4 % of a saga's CPU).
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

namespace OrleansDtm.Grains.Running;

/// <summary>
/// References to the grains of transactions. Orleans looks up a grain's type by reflection each time a reference is asked for by
/// interface; here that is done once (it was about 4 % of a saga's CPU).
/// </summary>
internal sealed class TransactionAddress
{
    private readonly IGrainFactory _factory;
    private readonly GrainType _type;
    private readonly GrainInterfaceType _interface;

    public TransactionAddress(IGrainFactory factory)
    {
        _factory = factory;
        IAddressable any = factory.GetGrain<ITransactionGrain>("-");
        (_type, _interface) = (any.GetGrainId().Type, ((GrainReference)any).InterfaceType);
    }

    public ITransactionGrain Of(string gid) => (ITransactionGrain)_factory.GetGrain(GrainId.Create(_type, gid), _interface);
}

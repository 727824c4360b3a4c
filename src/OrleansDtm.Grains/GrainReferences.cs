using OrleansDtm.Abstractions;

namespace OrleansDtm.Grains;

/// <summary>
/// References to the coordinator's grains. Orleans looks up a grain's type by reflection each time a reference is asked for by
/// interface; here that is done once (it was about 4 % of a saga's CPU).
/// </summary>
public sealed class GrainReferences
{
    private readonly IGrainFactory _factory;
    private readonly (GrainType Type, GrainInterfaceType Interface) _transaction;
    private readonly (GrainType Type, GrainInterfaceType Interface) _branch;

    public GrainReferences(IGrainFactory factory)
    {
        ArgumentNullException.ThrowIfNull(factory);
        _factory = factory;
        _transaction = TypesOf(factory.GetGrain<ITransactionGrain>("-"));
        _branch = TypesOf(factory.GetGrain<IBranchGrain>("-"));
    }

    /// <summary>The transaction with this gid.</summary>
    public ITransactionGrain Transaction(string gid) =>
        (ITransactionGrain)_factory.GetGrain(GrainId.Create(_transaction.Type, gid), _transaction.Interface);

    /// <summary>The calls to this service.</summary>
    /// <param name="service">Authority of its URLs.</param>
    public IBranchGrain Branch(string service) =>
        (IBranchGrain)_factory.GetGrain(GrainId.Create(_branch.Type, service), _branch.Interface);

    private static (GrainType Type, GrainInterfaceType Interface) TypesOf(IAddressable reference) =>
        (reference.GetGrainId().Type, ((GrainReference)reference).InterfaceType);
}

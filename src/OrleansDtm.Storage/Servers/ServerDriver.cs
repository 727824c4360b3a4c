using Microsoft.Extensions.Logging;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Storage.Servers;

/// <summary>A database server, which several processes share.</summary>
public abstract class ServerDriver : StoreDriver
{
    private readonly Func<ServerDialect> _create;
    private readonly ServerDialect _dialect;

    /// <param name="create">Makes the dialect of one store, which may remember what it has committed.</param>
    private protected ServerDriver(Func<ServerDialect> create)
    {
        _create = create;
        _dialect = create();
        Cluster = new ClusterTables(_dialect);
    }

    /// <inheritdoc/>
    public override string Name => _dialect.Name;

    /// <inheritdoc/>
    public override ClusterTables? Cluster { get; }

    /// <inheritdoc/>
    public override ITransactionStore Create(DatabaseOptions database, TimeProvider clock, ILoggerFactory loggers) =>
        Create(ServerStoreOptions.Of(database), clock, loggers.CreateLogger<ServerTransactionStore>());

    /// <inheritdoc cref="StoreDriver.Create"/>
    public ServerTransactionStore Create(
        ServerStoreOptions options, TimeProvider clock, ILogger<ServerTransactionStore> logger) =>
        new(_create(), options, clock, logger);

    /// <inheritdoc/>
    public override string Describe(DatabaseOptions database) => _dialect.Describe(ServerStoreOptions.Of(database));

    /// <inheritdoc/>
    public override Task<IReadOnlyList<Finding>> Inspect(
        DatabaseOptions database, TimeProvider clock, CancellationToken cancellationToken) =>
        Task.Run(() => ServerInspection.Look(_dialect, ServerStoreOptions.Of(database), clock), cancellationToken);

    /// <inheritdoc/>
    public override string PlaceOf(StoreAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.ConnectionString.Length > 0 ? address.ConnectionString : _dialect.ConnectionString(address);
    }

    /// <inheritdoc/>
    public override string? FindRefusal(string place) => ConnectionStrings.FindProblem(_dialect, place);

    /// <inheritdoc/>
    public override bool NamesDatabase(string place) => _dialect.DatabaseOf(place) is { Length: > 0 };
}

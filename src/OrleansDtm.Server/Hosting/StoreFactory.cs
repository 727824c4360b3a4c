using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Drivers;

namespace OrleansDtm.Server.Hosting;

/// <summary>Makes the store of the settings; commands that need no silo use it too.</summary>
internal static class StoreFactory
{
    /// <summary>
    /// Neither opened nor migrated: call <see cref="ITransactionStore.Start"/>. It is an <see cref="IKeyValueStore"/>
    /// too.
    /// </summary>
    /// <param name="isReadOnly">No lock, no migration, no write; may run while a coordinator runs.</param>
    public static ITransactionStore Create(
        StoreOptions options, TimeProvider clock, ILoggerFactory loggers, bool isReadOnly = false) =>
        new ShardedTransactionStore(
        [
            .. Places(options).Select((place, shard) =>
                Driver(options).Create(Database(options, place, shard) with { ReadOnly = isReadOnly }, clock, loggers)),
        ]);

    /// <summary>Where the transactions are, without passwords.</summary>
    public static string Describe(StoreOptions options) =>
        string.Join(", ", Places(options).Select(place => Driver(options).Describe(Database(options, place))));

    /// <summary>The files or connection strings of all shards, or of the only database.</summary>
    public static IReadOnlyList<string> Places(StoreOptions options) =>
        options.Shards.Count > 0 ? options.Shards : [Driver(options).PlaceOf(Address(options))];

    /// <summary>The driver of Store:Driver.</summary>
    /// <exception cref="StoreDriverException">There is none, or one is not complete.</exception>
    public static StoreDriver Driver(StoreOptions options) => StoreDrivers.All.Find(options.Driver);

    /// <summary>The settings that say where the only database is.</summary>
    public static StoreAddress Address(StoreOptions options) => new()
    {
        Path = options.Path,
        ConnectionString = options.ConnectionString,
        Host = options.Host,
        Port = options.Port,
        User = options.User,
        Password = options.Password,
        Database = options.Db,
    };

    /// <summary>The limits and rights of the store, in this database.</summary>
    /// <param name="place">The file or connection string.</param>
    /// <param name="shard">The index of the database.</param>
    public static DatabaseOptions Database(StoreOptions options, string place, int shard = 0) => new()
    {
        GroupCommit = new GroupCommitOptions { Shard = shard, CommitDelay = options.CommitDelay },
        Place = place,
        Connections = options.MaxOpenConns,
        IdleConnections = options.MaxIdleConns,
        ConnectionLifetime = options.ConnMaxLifeTime,
        Schema = options.Schema,
    };
}

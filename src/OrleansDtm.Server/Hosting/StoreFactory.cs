using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Hosting;

/// <summary>Makes the store the settings name; commands that need no silo use it too.</summary>
internal static class StoreFactory
{
    /// <summary>Neither opened nor migrated: call <see cref="ITransactionStore.Start"/>. It is an <see cref="IKeyValueStore"/> too.</summary>
    public static ITransactionStore Create(StoreOptions options, TimeProvider clock, ILoggerFactory loggers) => new ShardedTransactionStore(
        [.. (options.Shards is [] ? [options.Path] : options.Shards).Select(place => CreateOne(place, clock, loggers))]);

    /// <summary>Where the transactions are, for the log: no password.</summary>
    public static string Describe(StoreOptions options) =>
        string.Join(", ", (options.Shards is [] ? [options.Path] : options.Shards).Select(Path.GetFullPath));

    /// <summary>The store of one shard.</summary>
    /// <param name="place">SQLite: the file.</param>
    private static SqliteTransactionStore CreateOne(string place, TimeProvider clock, ILoggerFactory loggers) =>
        new(new SqliteStoreOptions { Path = place }, clock, loggers.CreateLogger<SqliteTransactionStore>());
}

using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Hosting;

/// <summary>Makes the store the settings name; commands that need no silo use it too.</summary>
internal static class StoreFactory
{
    /// <summary>Neither opened nor migrated: call <see cref="ITransactionStore.Start"/>. It is an <see cref="IKeyValueStore"/> too.</summary>
    public static ITransactionStore Create(StoreOptions options, TimeProvider clock, ILoggerFactory loggers) =>
        new SqliteTransactionStore(new SqliteStoreOptions { Path = options.Path }, clock, loggers.CreateLogger<SqliteTransactionStore>());
}

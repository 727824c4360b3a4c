using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Servers;
using OrleansDtm.Storage.Sqlite;

namespace OrleansDtm.Grains.Hosting;

/// <summary>
/// Sets the store of a co-hosted coordinator. It is opened before the silo's grains and closed after them.
/// </summary>
public static class StoreOptionsExtensions
{
    /// <summary>
    /// Uses a SQLite file, for a cluster with exactly one coordinator silo. Sets
    /// <see cref="DtmGrainOptions.SoleOwner"/>, since no other process can open the file.
    /// </summary>
    /// <param name="options">The options of <c>AddOrleansDtm</c>.</param>
    /// <param name="path">The file, relative to the working directory. The file and its directory are created if
    /// missing.</param>
    public static DtmGrainOptions UseSqlite(this DtmGrainOptions options, string path) =>
        options.UseSqlite(new SqliteStoreOptions { Path = path });

    /// <inheritdoc cref="UseSqlite(DtmGrainOptions, string)"/>
    public static DtmGrainOptions UseSqlite(this DtmGrainOptions options, SqliteStoreOptions store)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.SoleOwner = true;
        options.Store = services => new SqliteTransactionStore(
            store, Clock(services), Log<SqliteTransactionStore>(services));
        return options;
    }

    /// <summary>Uses MySQL or MariaDB, shared by all coordinator silos of the cluster.</summary>
    /// <param name="options">The options of <c>AddOrleansDtm</c>.</param>
    /// <param name="connectionString">A MySqlConnector connection string. The database is created if it is missing and
    /// the user is allowed to.</param>
    public static DtmGrainOptions UseMySql(this DtmGrainOptions options, string connectionString) =>
        options.UseMySql(new ServerStoreOptions { ConnectionString = connectionString });

    /// <inheritdoc cref="UseMySql(DtmGrainOptions, string)"/>
    public static DtmGrainOptions UseMySql(this DtmGrainOptions options, ServerStoreOptions store)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Store = services => StoreDrivers.MySql.Create(
            store, Clock(services), Log<ServerTransactionStore>(services));
        return options;
    }

    /// <summary>Uses PostgreSQL, shared by all coordinator silos of the cluster.</summary>
    /// <param name="options">The options of <c>AddOrleansDtm</c>.</param>
    /// <param name="connectionString">An Npgsql connection string. The database is created if it is missing and the
    /// user is allowed to.</param>
    public static DtmGrainOptions UsePostgres(this DtmGrainOptions options, string connectionString) =>
        options.UsePostgres(new ServerStoreOptions { ConnectionString = connectionString });

    /// <inheritdoc cref="UsePostgres(DtmGrainOptions, string)"/>
    public static DtmGrainOptions UsePostgres(this DtmGrainOptions options, ServerStoreOptions store)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Store = services => StoreDrivers.Postgres.Create(
            store, Clock(services), Log<ServerTransactionStore>(services));
        return options;
    }

    private static TimeProvider Clock(IServiceProvider services) => services.GetRequiredService<TimeProvider>();

    private static ILogger<T> Log<T>(IServiceProvider services) => services.GetRequiredService<ILogger<T>>();
}

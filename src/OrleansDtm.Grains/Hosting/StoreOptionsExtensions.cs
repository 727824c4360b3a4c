using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Servers;
using OrleansDtm.Storage.Sqlite;

namespace OrleansDtm.Grains.Hosting;

/// <summary>Where a co-hosted coordinator keeps its transactions. The store is opened before the silo's grains and closed after them.</summary>
public static class StoreOptionsExtensions
{
    /// <summary>
    /// A SQLite file: for a cluster of which one silo is a coordinator. Sets <see cref="DtmGrainOptions.SoleOwner"/>, since no other
    /// process can open the file.
    /// </summary>
    /// <param name="options">Of <c>AddOrleansDtm</c>.</param>
    /// <param name="path">The file, relative to the working directory; it and its directory are created.</param>
    public static DtmGrainOptions UseSqlite(this DtmGrainOptions options, string path) => options.UseSqlite(new SqliteStoreOptions { Path = path });

    /// <inheritdoc cref="UseSqlite(DtmGrainOptions, string)"/>
    public static DtmGrainOptions UseSqlite(this DtmGrainOptions options, SqliteStoreOptions store)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.SoleOwner = true;
        options.Store = services => new SqliteTransactionStore(store, Clock(services), Log<SqliteTransactionStore>(services));
        return options;
    }

    /// <summary>MySQL or MariaDB, shared by all coordinator silos of the cluster.</summary>
    /// <param name="options">Of <c>AddOrleansDtm</c>.</param>
    /// <param name="connectionString">As MySqlConnector reads it; the database is created if it is missing and the user may.</param>
    public static DtmGrainOptions UseMySql(this DtmGrainOptions options, string connectionString) =>
        options.UseMySql(new ServerStoreOptions { ConnectionString = connectionString });

    /// <inheritdoc cref="UseMySql(DtmGrainOptions, string)"/>
    public static DtmGrainOptions UseMySql(this DtmGrainOptions options, ServerStoreOptions store)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Store = services => StoreDrivers.MySql.Create(store, Clock(services), Log<ServerTransactionStore>(services));
        return options;
    }

    /// <summary>PostgreSQL, shared by all coordinator silos of the cluster.</summary>
    /// <param name="options">Of <c>AddOrleansDtm</c>.</param>
    /// <param name="connectionString">As Npgsql reads it; the database is created if it is missing and the user may.</param>
    public static DtmGrainOptions UsePostgres(this DtmGrainOptions options, string connectionString) =>
        options.UsePostgres(new ServerStoreOptions { ConnectionString = connectionString });

    /// <inheritdoc cref="UsePostgres(DtmGrainOptions, string)"/>
    public static DtmGrainOptions UsePostgres(this DtmGrainOptions options, ServerStoreOptions store)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Store = services => StoreDrivers.Postgres.Create(store, Clock(services), Log<ServerTransactionStore>(services));
        return options;
    }

    private static TimeProvider Clock(IServiceProvider services) => services.GetRequiredService<TimeProvider>();

    private static ILogger<T> Log<T>(IServiceProvider services) => services.GetRequiredService<ILogger<T>>();
}

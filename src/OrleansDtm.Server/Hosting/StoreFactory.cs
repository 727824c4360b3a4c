using MySqlConnector;
using Npgsql;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Servers;

namespace OrleansDtm.Server.Hosting;

/// <summary>Creates the store of the settings; also for commands without a silo.</summary>
internal static class StoreFactory
{
    internal const string MySql = "mysql";
    private const string Postgres = "postgres";

    /// <summary>
    /// Not opened or migrated: call <see cref="ITransactionStore.Start"/>. It is an <see cref="IKeyValueStore"/> too.
    /// </summary>
    public static ITransactionStore Create(StoreOptions options, TimeProvider clock, ILoggerFactory loggers) =>
        new ShardedTransactionStore([.. Places(options).Select((place, shard) => CreateOne(options, place, shard, clock, loggers))]);

    /// <summary>
    /// For inspection, with or without a running coordinator: nothing is locked, migrated or written.
    /// </summary>
    public static ITransactionStore CreateReadOnly(StoreOptions options, TimeProvider clock, ILoggerFactory loggers) =>
        new ShardedTransactionStore([.. Places(options).Select((place, shard) => CreateOne(options, place, shard, clock, loggers, isReadOnly: true))]);

    /// <summary>Description for the log, without passwords.</summary>
    public static string Describe(StoreOptions options) =>
        string.Join(", ", Places(options).Select(place => DescribeOne(options, place)));

    /// <summary>The files or connection strings of all shards, or of the only database.</summary>
    public static IReadOnlyList<string> Places(StoreOptions options) => options.Shards.Count > 0 ? options.Shards : [Place(options)];

    /// <summary>A connection string that the driver accepts.</summary>
    public static bool NamesDatabase(string driver, string place) =>
        (driver == MySql ? new MySqlConnectionStringBuilder(place).Database : new NpgsqlConnectionStringBuilder(place).Database) is { Length: > 0 };

    /// <summary>The database cannot be shared with other processes.</summary>
    public static bool IsOwnedAlone(StoreOptions options) => options.Driver is not (MySql or Postgres);

    /// <param name="place">SQLite: the file; else the connection string.</param>
    private static ITransactionStore CreateOne(StoreOptions options, string place, int shard, TimeProvider clock, ILoggerFactory loggers, bool isReadOnly = false) =>
        options.Driver switch
        {
            MySql => ServerTransactionStore.MySql(Server(options, place, shard) with { ReadOnly = isReadOnly }, clock, loggers.CreateLogger<ServerTransactionStore>()),
            Postgres => ServerTransactionStore.Postgres(Server(options, place, shard) with { ReadOnly = isReadOnly }, clock, loggers.CreateLogger<ServerTransactionStore>()),
            _ => new SqliteTransactionStore(
                new SqliteStoreOptions { Path = place, ReadOnly = isReadOnly, GroupCommit = new GroupCommitOptions { Shard = shard, CommitDelay = options.CommitDelay } },
                clock,
                loggers.CreateLogger<SqliteTransactionStore>()),
        };

    private static string DescribeOne(StoreOptions options, string place) => options.Driver switch
    {
        MySql => ServerTransactionStore.DescribeMySql(Server(options, place)),
        Postgres => ServerTransactionStore.DescribePostgres(Server(options, place)),
        _ => Path.GetFullPath(place),
    };

    /// <summary>The file or the connection string of the only database.</summary>
    private static string Place(StoreOptions options)
    {
        if (options.Driver is not (MySql or Postgres))
        {
            return options.Path;
        }

        if (options.ConnectionString.Length > 0)
        {
            return options.ConnectionString;
        }

        return options.Driver == MySql
            ? new MySqlConnectionStringBuilder
            {
                Server = options.Host,
                Port = options.Port == 0 ? 3306 : (uint)options.Port,
                UserID = options.User,
                Password = options.Password,
                Database = options.Db,
                AllowPublicKeyRetrieval = true, // As in DTM's driver: MySQL 8 requires it without TLS.
            }.ConnectionString
            : new NpgsqlConnectionStringBuilder
            {
                Host = options.Host,
                Port = options.Port == 0 ? 5432 : options.Port,
                Username = options.User,
                Password = options.Password,
                Database = options.Db,
            }.ConnectionString;
    }

    /// <summary>Limits and permissions of the store in this database.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="connectionString">The connection string.</param>
    /// <param name="shard">Number of the shard.</param>
    public static ServerStoreOptions Server(StoreOptions options, string connectionString, int shard = 0) => new()
    {
        GroupCommit = new GroupCommitOptions { Shard = shard, CommitDelay = options.CommitDelay },
        ConnectionString = connectionString,
        Readers = options.MaxOpenConns - 1,
        IdleReaders = options.MaxIdleConns,
        ConnectionLifetime = options.ConnMaxLifeTime,
        Schema = options.Schema,
    };
}

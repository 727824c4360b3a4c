using OrleansDtm.Storage.Drivers;

namespace OrleansDtm.Storage.Servers;

/// <summary>Where and how <see cref="ServerTransactionStore"/> keeps transactions.</summary>
public sealed record ServerStoreOptions
{
    /// <summary>
    /// As MySqlConnector or Npgsql read it, with the name of the database. For Npgsql its pool sizes and timeouts
    /// override the options below; for MySqlConnector the options below override it.
    /// </summary>
    public required string ConnectionString { get; init; }

    /// <summary>
    /// The maximum number of connections for reading; the writer has one more of its own. Default 16.
    /// </summary>
    public int Readers { get; init; } = 16;

    /// <summary>Connections that stay open when idle. Default 2.</summary>
    public int IdleReaders { get; init; } = 2;

    /// <summary>The maximum age of a reading connection; zero (default) = no limit.</summary>
    public TimeSpan ConnectionLifetime { get; init; }

    /// <summary>The timeout of connecting, in whole seconds. Default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The timeout of a query, and of its wait for a connection, in whole seconds. Default 5 s.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The timeout of a batch's commit with its retries, in whole seconds. Default 10 s.</summary>
    public TimeSpan CommitTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The timeout of a schema change, and of the wait while another process makes one. Default 5 min.
    /// </summary>
    public TimeSpan SchemaTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// PostgreSQL: the schema of the tables, created if missing; empty (default) = the user's search path.
    /// </summary>
    public string Schema { get; init; } = "";

    /// <summary>No schema change, no write. Default false.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Limits of the writer.</summary>
    public GroupCommitOptions GroupCommit { get; init; } = new();

    internal static ServerStoreOptions Of(DatabaseOptions database) => new()
    {
        ConnectionString = database.Place,
        Readers = database.Connections - 1,
        IdleReaders = database.IdleConnections,
        ConnectionLifetime = database.ConnectionLifetime,
        Schema = database.Schema,
        ReadOnly = database.ReadOnly,
        GroupCommit = database.GroupCommit,
    };

    /// <summary>Without the connection string, which may contain a password.</summary>
    public override string ToString() => nameof(ServerStoreOptions);
}

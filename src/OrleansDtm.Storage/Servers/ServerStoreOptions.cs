namespace OrleansDtm.Storage.Servers;

/// <summary>Where and how <see cref="ServerTransactionStore"/> keeps transactions.</summary>
public sealed record ServerStoreOptions
{
    /// <summary>
    /// As MySqlConnector or Npgsql read it, with the database's name. What it says to Npgsql of pools and timeouts wins over what is below; with
    /// MySqlConnector it is the other way round.
    /// </summary>
    public required string ConnectionString { get; init; }

    /// <summary>Connections for reading, so at most this many reads at a time; the writer has one more of its own. Default 16.</summary>
    public int Readers { get; init; } = 16;

    /// <summary>Connections kept open when nobody reads. Default 2.</summary>
    public int IdleReaders { get; init; } = 2;

    /// <summary>How old a reading connection may become; zero (default) = any age.</summary>
    public TimeSpan ConnectionLifetime { get; init; }

    /// <summary>How long connecting may take; whole seconds. Default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long one query may take, and how long it may wait for a connection; whole seconds. Default 5 s.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the commit of one batch may take, and how long it is tried again; whole seconds. Default 10 s.</summary>
    public TimeSpan CommitTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a change of the schema may take, and how long to wait while another process makes it. Default 5 min.</summary>
    public TimeSpan SchemaTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>PostgreSQL: the schema the tables are in, created if it is missing; empty (default) = the user's search path.</summary>
    public string Schema { get; init; } = "";

    /// <summary>Only look: no change of the schema, no writes. Default false.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Limits of the writer.</summary>
    public GroupCommitOptions GroupCommit { get; init; } = new();

    /// <summary>Without the connection string: it may hold a password.</summary>
    public override string ToString() => nameof(ServerStoreOptions);
}

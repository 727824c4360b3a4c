namespace OrleansDtm.Storage.Drivers;

/// <summary>
/// One database of the store, as the settings describe it. A driver ignores what its database does not have.
/// </summary>
public sealed record DatabaseOptions
{
    /// <summary>SQLite: the path of the file. Others: the connection string.</summary>
    public required string Place { get; init; }

    /// <summary>Connections to a server, including the one that writes; at least 2. Default 17.</summary>
    public int Connections { get; init; } = 17;

    /// <summary>Connections to a server that stay open when idle. Default 2.</summary>
    public int IdleConnections { get; init; } = 2;

    /// <summary>The maximum age of a reading connection; zero (default) = no limit.</summary>
    public TimeSpan ConnectionLifetime { get; init; }

    /// <summary>PostgreSQL: the schema of the tables; empty (default) = the user's search path.</summary>
    public string Schema { get; init; } = "";

    /// <summary>No lock, no schema change, no write. Default false.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Limits of the writer.</summary>
    public GroupCommitOptions GroupCommit { get; init; } = new();

    /// <summary>Without the connection string, which may contain a password.</summary>
    public override string ToString() => nameof(DatabaseOptions);
}

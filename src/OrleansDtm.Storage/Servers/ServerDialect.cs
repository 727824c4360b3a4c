using System.Data.Common;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using OrleansDtm.Storage.Databases;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Storage.Servers;

/// <summary>How database servers differ. An instance may remember what one store has committed.</summary>
internal abstract class ServerDialect : SqlDialect
{
    /// <summary>The driver's name, and the folder of its schema below sql/.</summary>
    public abstract string Name { get; }

    /// <summary>The name of the client library.</summary>
    public abstract string Client { get; }

    /// <summary>The name of the client library for the ADO.NET providers of Orleans.</summary>
    public abstract string Invariant { get; }

    /// <summary>The servers and versions of the tests.</summary>
    public abstract string Tested { get; }

    /// <summary>The database in OpenTelemetry's terms.</summary>
    public virtual string TelemetryName => Name;

    /// <inheritdoc/>
    public abstract override string Clock { get; }

    /// <summary>
    /// Starts a transaction that must survive its commit; null = a single statement does so by itself.
    /// </summary>
    public virtual string? DurableSettings => null;

    /// <summary>The options with what the connection string overrides.</summary>
    public virtual ServerStoreOptions Settle(ServerStoreOptions options) => options;

    /// <summary>An empty connection string of the client library.</summary>
    public abstract DbConnectionStringBuilder NewBuilder();

    /// <summary>Throws what the client library throws for a connection string it does not accept.</summary>
    public abstract void Probe(string connectionString);

    /// <summary>The database that a connection string names.</summary>
    public abstract string? DatabaseOf(string connectionString);

    /// <summary>The connection string of separate settings.</summary>
    public abstract string ConnectionString(StoreAddress address);

    /// <summary>A pool for readers.</summary>
    public abstract DbDataSource CreatePool(ServerStoreOptions options);

    /// <summary>A connection for the writer or the schema, not pooled, with the commit's timeouts.</summary>
    /// <param name="withDatabase">False = connected to the server only, to create the database.</param>
    public abstract DbConnection CreateConnection(ServerStoreOptions options, bool withDatabase = true);

    /// <summary>
    /// A small pool for membership and reminders, which read and write little and need short timeouts.
    /// </summary>
    public abstract DbDataSource CreateClusterPool(ServerStoreOptions options);

    /// <summary>Discards pooled connections, which the server may have closed.</summary>
    public abstract Task ClearPool(DbDataSource pool, DbConnection connection);

    /// <summary>The database's name and place, without secrets.</summary>
    public abstract string Describe(ServerStoreOptions options);

    /// <exception cref="StoreUnavailableException">
    /// The client library does not accept the connection string.
    /// </exception>
    public void CheckConnectionString(ServerStoreOptions options)
    {
        if (ConnectionStrings.FindProblem(this, options.ConnectionString) is { } problem)
        {
            throw new StoreUnavailableException(
                "The connection string (Store:ConnectionString, Store:Shards or Cluster:ConnectionString) cannot be "
                + $"used: {problem}. [ODTM1001]");
        }
    }

    /// <summary>
    /// What a failed connection throws: the server, the network, or the client library because of an option.
    /// </summary>
    public static bool IsConnecting(Exception e) =>
        e is DbException or IOException or SocketException or TimeoutException or AuthenticationException
            or CryptographicException or UnauthorizedAccessException
        || ConnectionStrings.IsRefusal(e);

    /// <summary>
    /// Never <see cref="ServerFault.None"/> for what <see cref="DbConnection"/> and <see cref="DbCommand"/> throw.
    /// </summary>
    public abstract ServerFault Classify(Exception error);

    /// <summary>The command timed out; a retry would take as long.</summary>
    public abstract bool IsTimeout(Exception error);

    /// <summary>The server never accepts this much at once.</summary>
    public abstract bool IsTooLarge(DbException error);

    public abstract bool IsDuplicate(DbException error);

    /// <summary>Prepares a new connection for writing.</summary>
    /// <returns>The maximum bytes of a command.</returns>
    public abstract long PrepareWriter(DbConnection connection, ServerStoreOptions options);

    /// <summary>Settings of the server that allow it to lose a commit, for messages; empty = none.</summary>
    public abstract IReadOnlyList<string> FindWeakSettings(DbConnection connection);

    /// <summary>
    /// What a failover to one of the connected replicas would lose. Null = nothing, or it cannot be seen: the user may
    /// lack the right to see replicas.
    /// </summary>
    public abstract Finding? FindReplicas(DbConnection connection);

    /// <summary>Applies the writes in one database transaction and commits it.</summary>
    /// <param name="sorted">By gid; those of one gid in their order.</param>
    /// <param name="results">Filled by <see cref="PlacedWrite.Place"/>.</param>
    /// <param name="isCareful">It has failed with <see cref="ServerFault.Surprise"/> before.</param>
    public abstract void Commit(
        DbConnection connection,
        IReadOnlyList<PlacedWrite> sorted,
        WriteResult[] results,
        CommitLimits limits,
        bool isCareful);

    /// <summary>The database does not exist.</summary>
    public abstract bool IsNoDatabase(DbException error);

    /// <summary>The table does not exist.</summary>
    public abstract bool IsNoTable(DbException error);

    /// <summary>The user lacks the right.</summary>
    public abstract bool IsDenied(DbException error);

    /// <summary>
    /// The server refuses the whole database, and hides from users without rights whether it exists.
    /// </summary>
    public virtual bool IsDeniedDatabase(DbException error) => false;

    /// <summary>The server refuses the user or the password.</summary>
    public abstract bool IsWrongLogin(DbException error);

    /// <summary>An error of a connection, with the settings to correct.</summary>
    public StoreUnavailableException CannotUse(string where, Exception error)
    {
        var advice = error is DbException e && IsWrongLogin(e)
            ? "Correct Store:User and Store:Password (or Store:ConnectionString)."
            : "Start the database server, or correct Store:Host and Store:Port (or Store:ConnectionString).";
        return new StoreUnavailableException(
            $"Cannot use {where}: {error.Message.TrimEnd('.')}. {advice} [ODTM2005]", error);
    }

    public abstract void CreateDatabase(DbConnection server, ServerStoreOptions options);

    /// <summary>Waits until no other process changes this database's schema.</summary>
    /// <returns>
    /// The transaction that holds the lock and takes all changes; null = the connection holds the lock.
    /// </returns>
    public abstract DbTransaction? LockSchema(DbConnection connection, ServerStoreOptions options);

    /// <summary>What must be done before the first script.</summary>
    public abstract void PrepareSchema(DbConnection connection, ServerStoreOptions options);

    /// <summary>What the options require of a session and this one lacks, for messages; null = nothing.</summary>
    public virtual string? FindWrongSession(DbConnection connection, ServerStoreOptions options) => null;

    /// <summary>More findings for check-config.</summary>
    public virtual IEnumerable<Finding> Inspect(DbConnection connection, ServerStoreOptions options) => [];
}

/// <param name="Timeout">Of each command.</param>
/// <param name="CommandBytes">The maximum bytes of a command.</param>
internal readonly record struct CommitLimits(TimeSpan Timeout, long CommandBytes)
{
    public int Seconds => Math.Max(1, (int)Math.Ceiling(Timeout.TotalSeconds));
}

/// <param name="Place">The index of its result.</param>
internal readonly record struct PlacedWrite(int Place, EncodedWrite Write);

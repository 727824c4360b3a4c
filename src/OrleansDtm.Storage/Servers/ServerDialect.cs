using System.Data.Common;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Storage.Servers;

/// <summary>What differs between database servers. Has no state: one instance serves all connections.</summary>
internal abstract class ServerDialect
{
    /// <summary>The folder of its schema below sql/.</summary>
    public abstract string Name { get; }

    /// <summary>The servers and versions that the tests run on.</summary>
    public abstract string Tested { get; }

    /// <summary>As OpenTelemetry names the database.</summary>
    public virtual string TelemetryName => Name;

    /// <summary>Counts by type and status: type, status, count, overdue; of <c>@before</c>. May tell one pair in several rows.</summary>
    public abstract string CountUnfinished { get; }

    /// <summary>Rows whose due moment is after (<c>@due</c>, <c>@id</c>) and not after <c>@now</c>.</summary>
    public abstract string FindDue { get; }

    /// <summary>Rows with calls of <c>@owner</c>, or of everybody else, behind <c>@id</c>.</summary>
    public abstract string FindInterrupted(bool others);

    /// <summary>Unfinished rows due after <c>@after</c>, with their progress, the latest first, behind (<c>@due</c>, <c>@id</c>).</summary>
    public abstract string FindWaiting { get; }

    /// <summary>Milliseconds since 1970 UTC.</summary>
    public abstract string Clock { get; }

    /// <summary>The condition that finds failed transactions by their index.</summary>
    public abstract string IsFailed { get; }

    /// <summary>The condition that finds unfinished transactions of one type and status by an index; <c>@state</c> is "type status".</summary>
    public abstract string IsUnfinished { get; }

    /// <summary>The condition that finds every unfinished transaction by an index.</summary>
    public abstract string IsAnyUnfinished { get; }

    /// <summary>Inserts into dtm_kv; changes no row, or fails with <see cref="IsDuplicate"/>, when there is one.</summary>
    public abstract string InsertKeyValue { get; }

    /// <summary>
    /// SQL at the begin of a transaction that must not be lost once it is committed; null = a statement by itself will do.
    /// </summary>
    public virtual string? DurableSettings => null;

    /// <summary>With what the connection string says of them.</summary>
    public virtual ServerStoreOptions Settle(ServerStoreOptions options) => options;

    /// <summary>A pool for readers.</summary>
    public abstract DbDataSource CreatePool(ServerStoreOptions options);

    /// <summary>One connection for the writer or the schema, not pooled, with the commit's timeouts.</summary>
    /// <param name="withDatabase">False = connected to the server only, to create the database.</param>
    public abstract DbConnection CreateConnection(ServerStoreOptions options, bool withDatabase = true);

    /// <summary>Of a small pool, for who reads and writes little but wants an answer soon.</summary>
    public abstract DbDataSource CreateClusterPool(ServerStoreOptions options);

    /// <summary>Throws away pooled connections, which the server may have closed.</summary>
    public abstract Task ClearPool(DbDataSource pool, DbConnection connection);

    /// <summary>The database's name and where it is, without secrets.</summary>
    public abstract string Describe(ServerStoreOptions options);

    /// <exception cref="StoreUnavailableException">The driver does not take the connection string.</exception>
    public void CheckConnectionString(ServerStoreOptions options)
    {
        if (ConnectionStrings.FindProblem(Name, options.ConnectionString) is { } problem)
        {
            throw new StoreUnavailableException(
                $"The connection string (Store:ConnectionString, Store:Shards or Cluster:ConnectionString) cannot be used: {problem}. [ODTM1001]");
        }
    }

    /// <summary>Of connecting: what the server says, what the way to it says, and what the driver makes of the options.</summary>
    public static bool IsConnecting(Exception e) =>
        e is DbException or IOException or System.Net.Sockets.SocketException or TimeoutException or System.Security.Authentication.AuthenticationException
            or System.Security.Cryptography.CryptographicException or UnauthorizedAccessException
        || ConnectionStrings.IsRefusal(e);

    /// <summary>Never null for what <see cref="DbConnection"/> and <see cref="DbCommand"/> throw.</summary>
    public abstract ServerFault Classify(Exception error);

    /// <summary>The time set for it ran out; another try would take as long.</summary>
    public abstract bool IsTimeout(Exception error);

    /// <summary>The server does not take so much at once, whenever it is asked.</summary>
    public abstract bool IsTooLarge(DbException error);

    public abstract bool IsDuplicate(DbException error);

    /// <summary>Makes a fresh connection fit for writing.</summary>
    /// <returns>How many bytes one command may have.</returns>
    public abstract long PrepareWriter(DbConnection connection, ServerStoreOptions options);

    /// <summary>Settings of the server under which a commit may be lost, in words; empty = none.</summary>
    public abstract IReadOnlyList<string> FindWeakSettings(DbConnection connection);

    /// <summary>Applies the writes in one database transaction and commits it.</summary>
    /// <param name="sorted">By gid; those of one gid in their order.</param>
    /// <param name="results">Filled by <see cref="PlacedWrite.Place"/>.</param>
    /// <param name="isCareful">It has failed with <see cref="ServerFault.Surprise"/> before.</param>
    public abstract void Commit(
        DbConnection connection, IReadOnlyList<PlacedWrite> sorted, WriteResult[] results, CommitLimits limits, bool isCareful);

    /// <summary>The database does not exist.</summary>
    public abstract bool IsNoDatabase(DbException error);

    /// <summary>There is no table dtm_schema.</summary>
    public abstract bool IsNoTable(DbException error);

    /// <summary>The user may not do it.</summary>
    public abstract bool IsDenied(DbException error);

    public abstract void CreateDatabase(DbConnection server, ServerStoreOptions options);

    /// <summary>Waits until no other process changes this database's schema.</summary>
    /// <returns>The transaction that has the lock and takes all changes; null = the lock goes with the connection.</returns>
    public abstract DbTransaction? LockSchema(DbConnection connection, ServerStoreOptions options);

    /// <summary>Before the first script: whatever tables need around them.</summary>
    public abstract void PrepareSchema(DbConnection connection, ServerStoreOptions options);

    /// <summary>What the options ask of a session and this one does not have, in words; null = nothing.</summary>
    public virtual string? FindWrongSession(DbConnection connection, ServerStoreOptions options) => null;

    /// <summary>For check-config: what is worth knowing besides.</summary>
    public virtual IEnumerable<Finding> Inspect(DbConnection connection, ServerStoreOptions options) => [];

    /// <summary>A gid, category or key as a parameter.</summary>
    public abstract object Key(string text);

    /// <summary>A gid, category or key out of a column.</summary>
    public abstract string ReadKey(DbDataReader reader, int column);
}

/// <param name="Timeout">Of each command.</param>
/// <param name="CommandBytes">The most one command may have.</param>
internal readonly record struct CommitLimits(TimeSpan Timeout, long CommandBytes)
{
    public int Seconds => Math.Max(1, (int)Math.Ceiling(Timeout.TotalSeconds));
}

/// <param name="Place">Of its result.</param>
internal readonly record struct PlacedWrite(int Place, EncodedWrite Write);

using System.Data.Common;
using System.Security.Cryptography;
using System.Text;

namespace OrleansDtm.Client;

/// <summary>
/// The XA statements of a database. Xids are those of DTM's clients: gid and branch with a hyphen between.
/// </summary>
internal abstract class XaSql(BranchContext context)
{
    private readonly string _xid = $"{context.UniqueGid}-{context.BranchId}";

    /// <summary>A value that is too long for the database is replaced by its hash, in both phases.</summary>
    protected string Xid => Encoding.UTF8.GetByteCount(_xid) <= LongestXid
        ? _xid
        : Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(_xid))).ToLowerInvariant();

    /// <summary>In bytes.</summary>
    protected abstract int LongestXid { get; }

    public static XaSql For(BarrierDialect dialect, BranchContext context) => dialect switch
    {
        BarrierDialect.MySql => new MySqlXa(context),
        BarrierDialect.PostgreSql => new PostgresXa(context),
        _ => throw new NotSupportedException($"XA is not supported with {dialect}. Use a saga or TCC."),
    };

    /// <summary>Called before a connection of the first phase is opened.</summary>
    /// <returns>The connection to use instead; the given one is not used then.</returns>
    public abstract DbConnection Isolate(DbConnection connection);

    /// <returns>False = a transaction with that xid exists.</returns>
    public abstract Task<bool> StartAsync(DbConnection connection, CancellationToken cancel);

    /// <summary>Inserts the row of the first phase, in the started transaction.</summary>
    /// <returns>False = the row existed.</returns>
    public virtual Task<bool> EnterAsync(
        DbConnection connection, BarrierOptions options, BarrierKey key, CancellationToken cancel) =>
        new BarrierRows(connection, null, options).InsertAsync(key, BranchOps.Action, cancel);

    /// <summary>
    /// The committed reason in the row, with any isolation of the session; null = there is no such row.
    /// </summary>
    public virtual Task<string?> PeekReasonAsync(
        DbConnection connection, BarrierOptions options, BarrierKey key, CancellationToken cancel) =>
        new BarrierRows(connection, null, options).PeekReasonAsync(key, cancel);

    /// <summary>Whether a transaction with that xid is prepared, as far as the user can see.</summary>
    public abstract Task<bool> IsPreparedAsync(DbConnection connection, CancellationToken cancel);

    /// <summary>Not cancellable: the outcome of a sent statement must be known.</summary>
    public abstract Task PrepareAsync(DbConnection connection);

    /// <summary>
    /// After the connection of a prepared transaction is closed: returns when other connections may end it.
    /// </summary>
    /// <param name="connect">Returns another connection, closed.</param>
    /// <param name="patience">The longest wait.</param>
    /// <param name="time">Measures it.</param>
    public virtual Task DetachedAsync(Func<DbConnection> connect, TimeSpan patience, TimeProvider time) =>
        Task.CompletedTask;

    /// <summary>Rolls back the transaction of the connection, in any state.</summary>
    public abstract Task AbandonAsync(DbConnection connection);

    /// <returns>False = it cannot see or end such a transaction, or only the row proves the commit.</returns>
    public abstract Task<bool> FinishAsync(DbConnection connection, bool commit, CancellationToken cancel);

    /// <summary>Inserts a row with autocommit, and waits at most a second for its lock.</summary>
    /// <exception cref="DbException">For example, the lock is held for longer.</exception>
    public abstract Task<bool> InsertSoonAsync(
        DbConnection connection, BarrierOptions options, BarrierKey key, string reason, CancellationToken cancel);

    protected static async Task ExecuteAsync(
        DbConnection connection, string sql, CancellationToken cancel, DbTransaction? transaction = null)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
    }
}

using System.Data.Common;
using System.Security.Cryptography;
using System.Text;

namespace OrleansDtm.Client;

/// <summary>The statements of a database that can prepare. Xids are those of DTM's clients: gid and branch with a hyphen between.</summary>
internal abstract class XaSql(BranchContext context)
{
    private readonly string _xid = $"{context.Gid}-{context.BranchId}";

    /// <summary>What is too long for the database gives way to its hash, which both phases find.</summary>
    protected string Xid => Encoding.UTF8.GetByteCount(_xid) <= LongestXid ? _xid : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(_xid)));

    /// <summary>In bytes.</summary>
    protected abstract int LongestXid { get; }

    public static XaSql For(BarrierDialect dialect, BranchContext context) => dialect switch
    {
        BarrierDialect.MySql => new MySqlXa(context),
        BarrierDialect.PostgreSql => new PostgresXa(context),
        _ => throw new NotSupportedException($"There is no XA for {dialect}: use a saga or TCC there."),
    };

    /// <summary>Before a connection for the first phase is opened.</summary>
    /// <returns>What to use in its place; the given one needs no care then.</returns>
    public abstract DbConnection Isolate(DbConnection connection);

    /// <returns>False = a transaction of that xid is there already.</returns>
    public abstract Task<bool> StartAsync(DbConnection connection, CancellationToken cancel);

    /// <summary>Inserts the row of the first phase, in what was started.</summary>
    /// <returns>False = the row was there.</returns>
    public virtual Task<bool> EnterAsync(DbConnection connection, BarrierOptions options, BarrierKey key, CancellationToken cancel) =>
        new BarrierRows(connection, null, options).InsertAsync(key, BranchOps.Action, cancel);

    /// <summary>The reason in the row, as last committed, whatever isolation the session has; null = there is no such row.</summary>
    public virtual Task<string?> PeekReasonAsync(DbConnection connection, BarrierOptions options, BarrierKey key, CancellationToken cancel) =>
        new BarrierRows(connection, null, options).PeekReasonAsync(key, cancel);

    /// <summary>Whether a transaction of that xid is prepared, as far as this user may know.</summary>
    public abstract Task<bool> IsPreparedAsync(DbConnection connection, CancellationToken cancel);

    /// <summary>Takes no cancellation: what was sent must be heard of.</summary>
    public abstract Task PrepareAsync(DbConnection connection);

    /// <summary>Undoes what was started on the connection, whatever has become of it.</summary>
    public abstract Task AbandonAsync(DbConnection connection);

    /// <returns>False = there is no such transaction that this connection could see and end.</returns>
    public abstract Task<bool> FinishAsync(DbConnection connection, bool commit, CancellationToken cancel);

    /// <summary>Inserts a row by itself, waiting a second at most for whoever holds it.</summary>
    /// <exception cref="DbException">It is held for longer, among other reasons.</exception>
    public abstract Task<bool> InsertSoonAsync(DbConnection connection, BarrierOptions options, BarrierKey key, string reason, CancellationToken cancel);

    protected static async Task ExecuteAsync(DbConnection connection, string sql, CancellationToken cancel, DbTransaction? transaction = null)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
    }
}

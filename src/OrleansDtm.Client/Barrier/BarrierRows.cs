using System.Data.Common;
using System.Globalization;

namespace OrleansDtm.Client;

/// <summary>The key of a row, in the format of DTM's clients.</summary>
internal readonly record struct BarrierKey(string TransType, string Gid, string BranchId, string Op, string BarrierId)
{
    /// <summary>The gid without its namespace, for texts.</summary>
    public string ToldGid => BranchContext.ToldGid(Gid);
}

/// <summary>Writes and reads rows of the barrier table, in a transaction or with autocommit.</summary>
internal sealed class BarrierRows
{
    private const string Columns = "trans_type, gid, branch_id, op, barrier_id, reason";
    private const string Unique = "gid, branch_id, op, barrier_id";

    private const int NoSuchSavepoint = 1305;
    private static int _savepoints;

    private readonly DbConnection _connection;
    private readonly DbTransaction? _transaction;
    private readonly BarrierDialect _dialect;
    private readonly string _table;
    private string? _savepoint;

    public BarrierRows(DbConnection connection, DbTransaction? transaction, BarrierOptions options)
    {
        (_connection, _transaction) = (connection, transaction);
        _dialect = options.DialectOf(connection);
        _table = options.TableIn(_dialect);
    }

    /// <summary>
    /// Waits for a transaction that is writing the same row, and keeps the row lock until the transaction ends. Values
    /// must fit the columns: "insert ignore" would truncate them.
    /// </summary>
    /// <returns>False = the row existed.</returns>
    /// <exception cref="BarrierTableMissingException">There is no such table.</exception>
    public async Task<bool> InsertAsync(BarrierKey key, string reason, CancellationToken cancel)
    {
        var values = string.Join(", ", Enumerable.Range(0, 6).Select(Placeholder));
        var insert = $"into {_table} ({Columns}) values ({values})";
        var sql = _dialect switch
        {
            BarrierDialect.MySql => $"insert ignore {insert}",
            BarrierDialect.SqlServer => $"insert {insert}; select @@rowcount",
            _ => $"insert {insert} on conflict ({Unique}) do nothing",
        };

        using var command = Command(sql, key.TransType, key.Gid, key.BranchId, key.Op, key.BarrierId, reason);
        try
        {
            var rows = _dialect == BarrierDialect.SqlServer // Its own count is -1 with NOCOUNT on.
                ? Convert.ToInt32(
                    await command.ExecuteScalarAsync(cancel).ConfigureAwait(false), CultureInfo.InvariantCulture)
                : await command.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
            return rows > 0;
        }
        catch (DbException e) when (BarrierTableMissingException.IsOf(e))
        {
            throw new BarrierTableMissingException(_table, e);
        }
    }

    /// <summary>
    /// The committed row, or the one written by this transaction; waits for a transaction that is writing it.
    /// </summary>
    /// <returns>Null = there is no such row.</returns>
    public Task<string?> ReadReasonAsync(BarrierKey key, CancellationToken cancel) =>
        // Its snapshot may be older than the row.
        ReadReasonAsync(key, _dialect == BarrierDialect.MySql ? " lock in share mode" : "", cancel);

    /// <summary>
    /// The committed row at the start of the transaction, or without one of the statement; does not wait.
    /// </summary>
    /// <returns>Null = there is no such row.</returns>
    public Task<string?> PeekReasonAsync(BarrierKey key, CancellationToken cancel) => ReadReasonAsync(key, "", cancel);

    /// <summary>
    /// For <see cref="StandsAsync"/>. After MySQL rolls back a transaction, later statements run without one, and
    /// others may write the row. A savepoint exists only in its transaction.
    /// </summary>
    public async Task MarkAsync(CancellationToken cancel)
    {
        // Not needed in XA: its end reports the error.
        if (_dialect == BarrierDialect.MySql && _transaction is not null)
        {
            // A savepoint with the same name would be replaced.
            _savepoint = $"orleansdtm_{Interlocked.Increment(ref _savepoints)}";
            using var command = Command($"savepoint {_savepoint}");
            await command.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Whether the connection is still in the transaction that inserted the row. Not cancellable: the work is done.
    /// </summary>
    /// <exception cref="DbException">PostgreSQL has aborted the transaction (25P02); a commit or prepare would roll
    /// back without an error.</exception>
    public async Task<bool> StandsAsync(BarrierKey key)
    {
        if (_savepoint is null)
        {
            return await PeekReasonAsync(key, CancellationToken.None).ConfigureAwait(false) is not null;
        }

        using var command = Command($"release savepoint {_savepoint}");
        try
        {
            await command.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
            return true;
        }
        catch (DbException e) when (BarrierFaults.Number(e) == NoSuchSavepoint)
        {
            return false;
        }
    }

    private async Task<string?> ReadReasonAsync(BarrierKey key, string suffix, CancellationToken cancel)
    {
        var sql = $"select reason from {_table} where gid = {Placeholder(0)} and branch_id = {Placeholder(1)} "
            + $"and op = {Placeholder(2)} and barrier_id = {Placeholder(3)}{suffix}";
        using var command = Command(sql, key.Gid, key.BranchId, key.Op, key.BarrierId);
        return await command.ExecuteScalarAsync(cancel).ConfigureAwait(false) as string;
    }

    /// <summary>
    /// Npgsql supports named parameters only with SQL rewriting, which can be off; positional ones always work.
    /// </summary>
    private string Placeholder(int index) => _dialect == BarrierDialect.PostgreSql ? $"${index + 1}" : $"@p{index}";

    private DbCommand Command(string sql, params string[] values)
    {
        var command = _connection.CreateCommand();
        command.Transaction = _transaction;
        command.CommandText = sql;
        for (var i = 0; i < values.Length; i++)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = _dialect == BarrierDialect.PostgreSql ? "" : $"@p{i}";
            parameter.Value = values[i];
            command.Parameters.Add(parameter);
        }

        return command;
    }
}

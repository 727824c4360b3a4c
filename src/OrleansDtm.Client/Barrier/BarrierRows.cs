using System.Data.Common;
using System.Globalization;

namespace OrleansDtm.Client;

/// <summary>The key of a row, as DTM's clients write it.</summary>
internal readonly record struct BarrierKey(string TransType, string Gid, string BranchId, string Op, string BarrierId);

/// <summary>Writes and reads rows of the barrier table, within a transaction or, without one, each by itself.</summary>
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
    /// Waits for whoever is about to write the same row; a lock it keeps until the transaction ends. What is too long for the columns must
    /// not come here: "insert ignore" would cut it.
    /// </summary>
    /// <returns>False = the row was there.</returns>
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
        var rows = _dialect == BarrierDialect.SqlServer // Its own count is -1 where NOCOUNT is on.
            ? Convert.ToInt32(await command.ExecuteScalarAsync(cancel).ConfigureAwait(false), CultureInfo.InvariantCulture)
            : await command.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
        return rows > 0;
    }

    /// <summary>As last committed, or written by this transaction; waits for whoever is writing it.</summary>
    /// <returns>Null = there is no such row.</returns>
    public Task<string?> ReadReasonAsync(BarrierKey key, CancellationToken cancel) =>
        ReadReasonAsync(key, _dialect == BarrierDialect.MySql ? " lock in share mode" : "", cancel); // Its snapshot may be older than the row.

    /// <summary>As last committed when the transaction, or without one the statement, began; waits for nobody.</summary>
    /// <returns>Null = there is no such row.</returns>
    public Task<string?> PeekReasonAsync(BarrierKey key, CancellationToken cancel) => ReadReasonAsync(key, "", cancel);

    /// <summary>
    /// For <see cref="StandsAsync"/>. Where MySQL undoes a transaction what follows is none any more, and others may write the row meanwhile; but
    /// savepoints are the transaction's own.
    /// </summary>
    public async Task MarkAsync(CancellationToken cancel)
    {
        if (_dialect == BarrierDialect.MySql && _transaction is not null) // In XA it is not needed: its end tells.
        {
            _savepoint = $"orleansdtm_{Interlocked.Increment(ref _savepoints)}"; // Another of that name would take its place.
            using var command = Command($"savepoint {_savepoint}");
            await command.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Whether the transaction that inserted the row is still that which the connection is in. Takes no cancellation: it is work that is done.</summary>
    /// <exception cref="DbException">PostgreSQL has undone it, and says so (25P02), while a commit or prepare would be a rollback without a word.</exception>
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

    /// <summary>Npgsql takes names only while it rewrites SQL, which can be switched off; numbers work always.</summary>
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

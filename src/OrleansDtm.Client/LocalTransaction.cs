using System.Data.Common;
using System.Globalization;

namespace OrleansDtm.Client;

/// <summary>
/// The local transaction of a branch: it is committed together with the barrier row, once. A scoped service for
/// endpoints with a barrier. The barrier ends it.
/// </summary>
public sealed class LocalTransaction
{
    private DbConnection? _connection;
    private DbTransaction? _transaction;

    /// <summary>The open connection, in the transaction.</summary>
    /// <exception cref="InvalidOperationException">The endpoint has no barrier, or its business has not
    /// begun.</exception>
    public DbConnection Connection => _connection ?? throw Missing();

    /// <summary>Set it on each command. Null in an XA branch, whose connection is in the XA transaction.</summary>
    /// <exception cref="InvalidOperationException">The endpoint has no barrier, or its business has not
    /// begun.</exception>
    public DbTransaction? Transaction => _connection is null ? throw Missing() : _transaction;

    /// <summary>Creates a command in the transaction; dispose it.</summary>
    /// <param name="sql">Interpolated values become parameters, never SQL text.</param>
    /// <exception cref="InvalidOperationException">The endpoint has no barrier, or its business has not
    /// begun.</exception>
    public DbCommand Command(FormattableString sql)
    {
        ArgumentNullException.ThrowIfNull(sql);
        var command = Connection.CreateCommand();
        command.Transaction = _transaction;
        var names = new object[sql.ArgumentCount];
        for (var i = 0; i < names.Length; i++)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = string.Create(CultureInfo.InvariantCulture, $"@p{i}");
            parameter.Value = sql.GetArgument(i) ?? DBNull.Value;
            command.Parameters.Add(parameter);
            names[i] = parameter.ParameterName;
        }

#pragma warning disable CA2100 // Only parameter names are inserted.
        command.CommandText = string.Format(CultureInfo.InvariantCulture, sql.Format, names);
#pragma warning restore CA2100
        return command;
    }

    /// <summary>Executes a statement.</summary>
    /// <param name="sql">As for <see cref="Command"/>: <c>$"update account set balance = balance - {amount} where name
    /// = {name}"</c>.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>Number of changed rows.</returns>
    /// <exception cref="DbException">The database returned an error.</exception>
    public async Task<int> ExecuteAsync(FormattableString sql, CancellationToken cancellationToken = default)
    {
        var command = Command(sql);
        await using var disposing = command.ConfigureAwait(false);
        return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads one value.</summary>
    /// <param name="sql">As for <see cref="Command"/>.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>The first column of the first row; the default of the type for NULL or no row.</returns>
    /// <exception cref="DbException">The database returned an error.</exception>
    /// <exception cref="FormatException">The value has another type.</exception>
    public async Task<T?> ScalarAsync<T>(FormattableString sql, CancellationToken cancellationToken = default)
    {
        var command = Command(sql);
        await using var disposing = command.ConfigureAwait(false);
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) switch
        {
            null or DBNull => default,
            T value => value,
            var value => (T)Convert.ChangeType(
                value, Nullable.GetUnderlyingType(typeof(T)) ?? typeof(T), CultureInfo.InvariantCulture),
        };
    }

    /// <summary>For the duration of the work.</summary>
    internal IDisposable Begin(DbConnection connection, DbTransaction? transaction)
    {
        (_connection, _transaction) = (connection, transaction);
        return new End(this);
    }

    private static InvalidOperationException Missing() =>
        new("There is no local transaction. Add a barrier to the branch with WithBarrier or [Branch(Barrier = true)].");

    private sealed class End(LocalTransaction local) : IDisposable
    {
        public void Dispose() => (local._connection, local._transaction) = (null, null);
    }
}

using System.Data;
using System.Data.Common;
using System.Net.Sockets;

namespace OrleansDtm.Storage.Servers;

/// <summary>How the pool is used: bounded waits, one more try on a fresh connection, one kind of error.</summary>
public sealed partial class ServerTransactionStore
{
    private const int TriesMax = 5;

    private Task<List<T>> Read<T>(
        string sql,
        (string Name, object Value)[] parameters,
        Func<DbDataReader, ServerDialect, T> map,
        CancellationToken cancellationToken) =>
        Read(sql, parameters, (reader, token) => ReadRows(reader, map, token), cancellationToken);

    private Task<List<T>> ReadSlowly<T>(
        string sql,
        (string Name, object Value)[] parameters,
        Func<DbDataReader, ServerDialect, T> map,
        CancellationToken cancellationToken) =>
        ReadSlowly(sql, parameters, (reader, token) => ReadRows(reader, map, token), cancellationToken);

    private async Task<List<T>> ReadRows<T>(
        DbDataReader reader, Func<DbDataReader, ServerDialect, T> map, CancellationToken cancellationToken)
    {
        var found = new List<T>();
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            found.Add(map(reader, _dialect));
        }

        return found;
    }

    /// <summary>
    /// A query that may look at many rows: not on the last free connection, or listings could stop the loads and the sweep.
    /// </summary>
    private async Task<T> ReadSlowly<T>(
        string sql,
        (string Name, object Value)[] parameters,
        Func<DbDataReader, CancellationToken, Task<T>> map,
        CancellationToken cancellationToken)
    {
        await Enter(_slowReads, cancellationToken).ConfigureAwait(false);
        try
        {
            return await Read(sql, parameters, map, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _slowReads.Release();
        }
    }

    private Task<T> Read<T>(
        string sql,
        (string Name, object Value)[] parameters,
        Func<DbDataReader, CancellationToken, Task<T>> map,
        CancellationToken cancellationToken) =>
        Use(
            async connection =>
            {
                var command = Command(connection, sql, parameters);
                await using (command.ConfigureAwait(false))
                {
                    var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                    await using (reader.ConfigureAwait(false))
                    {
                        return await map(reader, cancellationToken).ConfigureAwait(false);
                    }
                }
            },
            isRead: true,
            cancellationToken);

    /// <summary>Lends a connection, and tries again what certainly was not done.</summary>
    private async Task<T> Use<T>(Func<DbConnection, Task<T>> work, bool isRead, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        var pool = _pool ?? throw NotStarted();
        await Enter(_reads, cancellationToken).ConfigureAwait(false);
        try
        {
            for (var tries = 1; ; tries++)
            {
                var connection = pool.CreateConnection();
                await using (connection.ConfigureAwait(false))
                {
                    var isOpen = false;
                    try
                    {
                        await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
                        isOpen = true;
                        return await work(connection).ConfigureAwait(false);
                    }
                    catch (Exception e) when (e is DbException or IOException or SocketException or InvalidOperationException or TimeoutException)
                    {
                        ObjectDisposedException.ThrowIf(_disposed != 0, this);

                        // MySqlConnector lets the socket's own error through when a pooled connection turns out to be dead on writing to it.
                        var isLost = isOpen && (connection.State != ConnectionState.Open || e is SocketException);
                        if (isLost || (!isRead && _dialect.Classify(e) == ServerFault.Unavailable))
                        {
                            // The server was restarted: the others of the pool are as dead as this one. Or sessions were begun while it was
                            // read-only, and stay so.
                            await _dialect.ClearPool(pool, connection).ConfigureAwait(false);
                        }

                        var isAgain = _dialect.Classify(e) == ServerFault.Undone
                            ? tries < TriesMax
                            : isRead && isLost && tries == 1 && !_dialect.IsTimeout(e);
                        if (!isAgain)
                        {
                            if (e is DbException refused && _dialect.IsTooLarge(refused))
                            {
                                throw new StoreTooLargeException($"{_where} does not take so much at once: {e.Message} [ODTM2010]", e);
                            }

                            throw new StoreUnavailableException($"{_where} did not answer: {e.Message} [ODTM2008]", e);
                        }
                    }
                }
            }
        }
        finally
        {
            _reads.Release();
        }
    }

    /// <summary>The caller must learn in time that a server which answers nobody does not answer it either.</summary>
    private async Task Enter(SemaphoreSlim places, CancellationToken cancellationToken)
    {
        if (!await places.WaitAsync(_options.ReadTimeout, cancellationToken).ConfigureAwait(false))
        {
            throw new StoreUnavailableException(
                $"{_where}: no connection was free for {_options.ReadTimeout.TotalSeconds} s; {_options.Readers} are in use. [ODTM2009]");
        }
    }

    private DbCommand Command(DbConnection connection, string sql, (string Name, object Value)[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        command.CommandTimeout = (int)_options.ReadTimeout.TotalSeconds;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }

        return command;
    }
}

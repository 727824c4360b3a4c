using System.Data;
using System.Data.Common;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using OrleansDtm.Storage.Databases;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Storage.Servers;

/// <summary>
/// Transactions in a database server: one connection that commits batches, and a pool for reading. Several processes
/// may use the database at once; the version of each row decides between them.
/// </summary>
public sealed partial class ServerTransactionStore : DatabaseTransactionStore
{
    private const int AttemptsMax = 5;

    private readonly ServerDialect _dialect;
    private readonly ServerStoreOptions _options;
    private readonly ILogger<ServerTransactionStore> _logger;
    private readonly string _where;
    private readonly SemaphoreSlim _reads;
    private readonly SemaphoreSlim _slowReads;
    private DbDataSource? _pool;
    private ServerCommitter? _committer;

    /// <param name="dialect">Not shared with other stores.</param>
    /// <param name="options">Where and how.</param>
    /// <param name="clock">The time of schema changes and key-value items.</param>
    /// <param name="logger">Gets failed commits, and settings of the server that may lose one.</param>
    internal ServerTransactionStore(
        ServerDialect dialect, ServerStoreOptions options, TimeProvider clock, ILogger<ServerTransactionStore> logger)
        : base(dialect, clock)
    {
        options = dialect.Settle(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Readers, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.CommitTimeout, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ReadTimeout, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ConnectTimeout, TimeSpan.FromSeconds(1));
        dialect.CheckConnectionString(options);
        _dialect = dialect;
        _options = options;
        _logger = logger;
        _where = dialect.Describe(options);
        _reads = new SemaphoreSlim(options.Readers);
        _slowReads = new SemaphoreSlim(Math.Max(1, options.Readers / 2));
    }

    private protected override void Open()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (_pool is not null)
        {
            throw new InvalidOperationException("The store was started before.");
        }

        if (_options.ReadOnly)
        {
            Look();
            _pool = _dialect.CreatePool(_options);
            return;
        }

        ServerSchema.Migrate(_dialect, _options, Clock);
        var committer = new ServerCommitter(_dialect, _options);
        try
        {
            var weak = _dialect.FindWeakSettings(committer.Open());
            if (weak.Count > 0)
            {
                LogWeak(_where, string.Join(", ", weak));
            }
        }
        catch (Exception e) when (ServerDialect.IsConnecting(e))
        {
            committer.Dispose();
            throw _dialect.CannotUse(_where, e);
        }

        _committer = committer;
        _pool = _dialect.CreatePool(_options);
        StartWriter(committer, _options.GroupCommit, $"store {_dialect.Name}", _dialect.TelemetryName, _logger);
    }

    /// <summary>Reads in progress fail.</summary>
    private protected override async ValueTask Close()
    {
        _committer?.Dispose();
        if (_pool is not null)
        {
            await _pool.DisposeAsync().ConfigureAwait(false);
        }
    }

    private protected override async Task<T> Read<T>(
        string sql,
        (string Name, object Value)[] parameters,
        Func<DbDataReader, CancellationToken, Task<T>> map,
        bool isSlow,
        CancellationToken cancellationToken)
    {
        if (!isSlow)
        {
            return await Use(Query, isRead: true, cancellationToken).ConfigureAwait(false);
        }

        await Enter(_slowReads, cancellationToken).ConfigureAwait(false);
        try
        {
            return await Use(Query, isRead: true, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _slowReads.Release();
        }

        async Task<T> Query(DbConnection connection)
        {
            var command = Command(connection, null, sql, parameters);
            await using (command.ConfigureAwait(false))
            {
                var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    return await map(reader, cancellationToken).ConfigureAwait(false);
                }
            }
        }
    }

    private protected override Task<int> Execute(
        string[] statements, (string Name, object Value)[] parameters, CancellationToken cancellationToken) => Use(
        async connection =>
        {
            if (statements.Length == 1 && _dialect.DurableSettings is null)
            {
                return await ExecuteOne(
                    connection, null, statements[0], parameters, cancellationToken).ConfigureAwait(false);
            }

            var transaction =
                await connection.BeginTransactionAsync(
                    IsolationLevel.ReadCommitted, cancellationToken).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                if (_dialect.DurableSettings is { } settings)
                {
                    await ExecuteOne(connection, transaction, settings, [], cancellationToken).ConfigureAwait(false);
                }

                var first = await ExecuteOne(
                    connection, transaction, statements[0], parameters, cancellationToken).ConfigureAwait(false);
                foreach (var sql in statements[1..])
                {
                    await ExecuteOne(connection, transaction, sql, parameters, cancellationToken).ConfigureAwait(false);
                }

                await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
                return first;
            }
        },
        isRead: false,
        cancellationToken);

    private async Task<int> ExecuteOne(
        DbConnection connection,
        DbTransaction? transaction,
        string sql,
        (string Name, object Value)[] parameters,
        CancellationToken cancellationToken)
    {
        var command = Command(connection, transaction, sql, parameters);
        await using (command.ConfigureAwait(false))
        {
            try
            {
                return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (DbException e) when (_dialect.IsDuplicate(e))
            {
                return 0;
            }
        }
    }

    /// <summary>Checks that there is something to read, and that it can be read.</summary>
    private void Look()
    {
        try
        {
            using var connection = _dialect.CreateConnection(_options);
            connection.Open();
            Schemas.Require(_dialect.Name, Schemas.Read(connection, _dialect.IsNoTable), _where);
        }
        catch (Exception e) when (ServerDialect.IsConnecting(e))
        {
            throw _dialect.CannotUse(_where, e);
        }
    }

    /// <summary>Lends a connection, and repeats what certainly had no effect.</summary>
    private async Task<T> Use<T>(Func<DbConnection, Task<T>> work, bool isRead, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        var pool = _pool ?? throw NotStarted();
        await Enter(_reads, cancellationToken).ConfigureAwait(false);
        try
        {
            for (var attempt = 1; ; attempt++)
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
                    catch (Exception e) when (e is DbException or IOException or SocketException
                        or InvalidOperationException or TimeoutException)
                    {
                        ObjectDisposedException.ThrowIf(IsDisposed, this);

                        // MySqlConnector throws the socket's own error if a pooled connection turns out to be dead when
                        // it writes.
                        var isLost = isOpen && (connection.State != ConnectionState.Open || e is SocketException);
                        if (isLost || (!isRead && _dialect.Classify(e) == ServerFault.Unavailable))
                        {
                            // After a restart of the server the other connections of the pool are dead, too. After a
                            // failover their sessions may have started read-only, and stay so.
                            await _dialect.ClearPool(pool, connection).ConfigureAwait(false);
                        }

                        var isRetried = _dialect.Classify(e) == ServerFault.Undone
                            ? attempt < AttemptsMax
                            : isRead && isLost && attempt == 1 && !_dialect.IsTimeout(e);
                        if (!isRetried)
                        {
                            throw Failure(e);
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

    private Exception Failure(Exception e) => e is DbException refused && _dialect.IsTooLarge(refused)
        ? new StoreTooLargeException($"{_where} does not accept a write of this size: {e.Message} [ODTM2010]", e)
        : new StoreUnavailableException($"{_where} did not answer: {e.Message} [ODTM2008]", e);

    /// <summary>With a timeout: if the server hangs, callers must get an error.</summary>
    private async Task Enter(SemaphoreSlim places, CancellationToken cancellationToken)
    {
        if (!await places.WaitAsync(_options.ReadTimeout, cancellationToken).ConfigureAwait(false))
        {
            throw new StoreUnavailableException(
                $"{_where}: no connection was free for {_options.ReadTimeout.TotalSeconds} s; {_options.Readers} are "
                + "in use. [ODTM2009]");
        }
    }

    private DbCommand Command(
        DbConnection connection, DbTransaction? transaction, string sql, (string Name, object Value)[] parameters)
    {
        var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        command.CommandTimeout = (int)_options.ReadTimeout.TotalSeconds;
        foreach (var (name, value) in parameters)
        {
            command.Add(name, value);
        }

        return command;
    }

    [LoggerMessage(10, LogLevel.Warning,
        "The settings of the {Store} allow it to lose acknowledged transactions when its machine fails: {Settings}. "
        + "[ODTM2012]")]
    private partial void LogWeak(string store, string settings);
}

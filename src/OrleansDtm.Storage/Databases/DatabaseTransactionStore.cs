using System.Data.Common;
using Microsoft.Extensions.Logging;

namespace OrleansDtm.Storage.Databases;

/// <summary>
/// What the stores in databases have in common: queries, listing, counting, retention, key-value items. A derived store
/// provides connections, and commits in its own way.
/// </summary>
public abstract partial class DatabaseTransactionStore : ITransactionStore, IKeyValueStore
{
    private readonly SqlDialect _sql;
    private readonly TimeProvider _clock;
    private GroupCommitWriter? _writer;
    private WriteCheck? _check;
    private volatile int _disposed;

    private protected DatabaseTransactionStore(SqlDialect sql, TimeProvider clock) => (_sql, _clock) = (sql, clock);

    private protected bool IsDisposed => _disposed != 0;

    private protected TimeProvider Clock => _clock;

    /// <inheritdoc/>
    public Task Start(CancellationToken cancellationToken) => Task.Run(Open, cancellationToken);

    /// <inheritdoc/>
    public Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken) =>
        (_writer ?? throw NotStarted()).Write(write, cancellationToken);

    /// <inheritdoc/>
    public async Task Ping(CancellationToken cancellationToken)
    {
        await ReadRows(
            "select max(version) from dtm_schema", [], static reader => reader.GetInt64(0), false, cancellationToken)
            .ConfigureAwait(false);
        if (_check is not null)
        {
            await _check.Run(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Commits what is queued and closes all connections.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        if (_writer is not null)
        {
            await _writer.DisposeAsync().ConfigureAwait(false);
        }

        await Close().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    private protected static InvalidOperationException NotStarted() =>
        new("The store was not started, or is read-only.");

    private protected abstract void Open();

    /// <summary>Nothing is written any more; <see cref="IsDisposed"/> is true.</summary>
    private protected abstract ValueTask Close();

    /// <summary>Runs a query.</summary>
    /// <param name="sql">The same text always comes with the same parameters in the same order.</param>
    /// <param name="parameters">May include one that the text does not use.</param>
    /// <param name="map">May run again with another reader, after a connection was lost.</param>
    /// <param name="isSlow">
    /// It may read many rows, so it must not use the last free connection: loads and the sweep need that.
    /// </param>
    private protected abstract Task<T> Read<T>(
        string sql,
        (string Name, object Value)[] parameters,
        Func<DbDataReader, CancellationToken, Task<T>> map,
        bool isSlow,
        CancellationToken cancellationToken);

    /// <summary>Runs rare writes in one database transaction.</summary>
    /// <param name="statements">At least one.</param>
    /// <param name="parameters">Of each of them.</param>
    /// <returns>How many rows the first one changed; 0 if a row with its key exists.</returns>
    private protected abstract Task<int> Execute(
        string[] statements, (string Name, object Value)[] parameters, CancellationToken cancellationToken);

    /// <summary>From now on there can be writes.</summary>
    /// <param name="name">Of the writing thread.</param>
    /// <param name="system">The database in OpenTelemetry's terms.</param>
    private protected void StartWriter(
        IBatchCommitter committer, GroupCommitOptions options, string name, string system, ILogger logger)
    {
        _writer = new GroupCommitWriter(committer, options, name, logger, system);
        _check = new WriteCheck(_writer, this);
    }

    private Task<List<T>> ReadRows<T>(
        string sql,
        (string Name, object Value)[] parameters,
        Func<DbDataReader, T> map,
        bool isSlow,
        CancellationToken cancellationToken) => Read(
        sql,
        parameters,
        async (reader, token) =>
        {
            var found = new List<T>();
            while (await reader.ReadAsync(token).ConfigureAwait(false))
            {
                found.Add(map(reader));
            }

            return found;
        },
        isSlow,
        cancellationToken);

    private Task<int> Change(
        string[] statements, (string Name, object Value)[] parameters, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        return _writer is null ? throw NotStarted() : Execute(statements, parameters, cancellationToken);
    }
}

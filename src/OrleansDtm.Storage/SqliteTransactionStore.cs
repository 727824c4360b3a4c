using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Storage;

/// <summary>
/// Transactions in one SQLite file: WAL, flushed to disk by every commit, one writer, a few readers. One process at a time.
/// </summary>
public sealed partial class SqliteTransactionStore : ITransactionStore
{
    private const string Dialect = "sqlite";

    private readonly SqliteStoreOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger<SqliteTransactionStore> _logger;
    private readonly string _path;
    private readonly ConcurrentBag<SqliteReader> _readers = [];
    private readonly SemaphoreSlim _freeReaders = new(0);
    private readonly SemaphoreSlim _slowReads;
    private FileStream? _lock;
    private SqliteFlush? _flush;
    private SqliteCommitter? _committer;
    private GroupCommitWriter? _writer;
    private WriteCheck? _check;
    private int _opened;
    private volatile int _disposed;

    /// <param name="options">Where and how.</param>
    /// <param name="clock">Dates schema changes and key-value items.</param>
    /// <param name="logger">Told of commits that fail.</param>
    public SqliteTransactionStore(SqliteStoreOptions options, TimeProvider clock, ILogger<SqliteTransactionStore> logger)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(options.Path);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Readers, 1);
        _options = options;
        _slowReads = new SemaphoreSlim(Math.Max(1, options.Readers / 2));
        _clock = clock;
        _logger = logger;
        _path = Path.GetFullPath(options.Path);
    }

    /// <inheritdoc/>
    public Task Start(CancellationToken cancellationToken) => Task.Run(Open, cancellationToken);

    /// <inheritdoc/>
    public Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken) =>
        (_writer ?? throw NotStarted()).Write(write, cancellationToken);

    /// <inheritdoc/>
    public Task<StoredTransaction?> Load(string gid, CancellationToken cancellationToken) =>
        Read(gid, static (reader, gid) => reader.Load(gid), cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DueTransaction>> FindDue(
        DateTimeOffset now, DueTransaction? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        var (due, id) = after is null ? (long.MinValue, 0) : (after.Due.ToUnixTimeMilliseconds(), after.Id);
        return await Read(
            (Now: now.ToUnixTimeMilliseconds(), due, id, limit),
            static (reader, a) => reader.FindDue(a.Now, a.due, a.id, a.limit),
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DueTransaction>> FindInterrupted(
        long owner, bool others, long afterId, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return await Read(
            (owner, others, afterId, limit),
            static (reader, a) => reader.FindInterrupted(a.owner, a.others, a.afterId, a.limit),
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DueTransaction>> FindWaiting(DateTimeOffset dueAfter, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return await ReadSlowly(
            (DueAfter: dueAfter.ToUnixTimeMilliseconds(), limit),
            static (reader, a) => reader.FindWaiting(a.DueAfter, a.limit),
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredTransaction>> List(TransactionFilter filter, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(filter.Limit);

        return ReadSlowly<TransactionFilter, IReadOnlyList<StoredTransaction>>(
            filter, static (reader, filter) => reader.List(filter), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<UnfinishedCount>> CountUnfinished(DateTimeOffset overdueBefore, CancellationToken cancellationToken) =>
        ReadSlowly<DateTimeOffset, IReadOnlyList<UnfinishedCount>>(
            overdueBefore, static (reader, before) => reader.CountUnfinished(before), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<long>> CountUnfinishedCreatedBefore(IReadOnlyList<DateTimeOffset> moments, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(moments);
        ArgumentOutOfRangeException.ThrowIfZero(moments.Count);
        return ReadSlowly<IReadOnlyList<DateTimeOffset>, IReadOnlyList<long>>(
            moments, static (reader, m) => reader.CountUnfinishedCreatedBefore(m), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<RetentionSlice> DeleteFinished(
        DateTimeOffset finishedBefore, long afterId, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        var committer = _committer ?? throw NotStarted();
        var slice = await Read(
            (Before: finishedBefore.ToUnixTimeMilliseconds(), afterId, limit),
            static (reader, a) => reader.FindFinished(a.Before, a.afterId, a.limit),
            cancellationToken).ConfigureAwait(false);

        // What has finished never becomes unfinished, so nothing can have changed between the two.
        if (slice.Ids.Count > 0)
        {
            await Task.Run(() => committer.Run(connection => SqliteDatabase.Delete(connection, slice.Ids)), cancellationToken)
                .ConfigureAwait(false);
        }

        return new RetentionSlice(slice.Ids.Count, slice.LastId);
    }

    /// <inheritdoc/>
    public async Task Ping(CancellationToken cancellationToken)
    {
        await Read(0, static (reader, _) => reader.Ping(), cancellationToken).ConfigureAwait(false);
        if (_check is not null)
        {
            await _check.Run(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Commits what is queued, waits for reads under way, closes the file and gives up its lock.</summary>
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

        for (; _opened > 0; _opened--)
        {
            await _freeReaders.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        }

        Close();
        _freeReaders.Release(); // Whoever still waits for a reader must learn that there will be none.
    }

    private static InvalidOperationException NotStarted() => new("The store was not started, or for reading only.");

    private void Open()
    {
        if (_opened > 0)
        {
            throw new InvalidOperationException("The store was started before.");
        }

        try
        {
            if (_options.ReadOnly)
            {
                Look();
            }
            else
            {
                OpenWriter();
            }

            while (_readers.Count < _options.Readers)
            {
                _readers.Add(new SqliteReader(SqliteDatabase.Open(_path, _options, isReader: true)));
            }
        }
        catch (Exception e)
        {
            Close(); // So that it can be tried again.
            if (e is SqliteException)
            {
                throw new StoreUnavailableException($"Cannot open '{_path}': {e.Message} [ODTM2005]", e);
            }

            throw;
        }

        _opened = _options.Readers;
        _freeReaders.Release(_opened);
        if (_committer is not null)
        {
            _writer = new GroupCommitWriter(_committer, _options.GroupCommit, $"store {Path.GetFileName(_path)}", _logger);
            _check = new WriteCheck(_writer, this);
        }
    }

    private void OpenWriter()
    {
        _lock = SqliteDatabase.Lock(_path);
        var connection = SqliteDatabase.Open(_path, _options, isReader: false);
        try
        {
            SqliteDatabase.Migrate(connection, SchemaScripts.For(Dialect), _clock);
            _flush = SqliteFlush.IsSupported ? new SqliteFlush(_path) : null;
            _committer = new SqliteCommitter(connection, _flush is null ? null : _flush.Run);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Makes sure that there is something to read, and that it can be read.</summary>
    private void Look()
    {
        if (!File.Exists(_path))
        {
            throw new StoreUnavailableException($"There is no file '{_path}'; Store:Path names it. [ODTM2014]");
        }

        using var connection = SqliteDatabase.Open(_path, _options, isReader: true);
        Schemas.Require(Dialect, Schemas.Read(connection, static e => e is SqliteException { SqliteErrorCode: 1 }), $"'{_path}'");
    }

    private void Close()
    {
        while (_readers.TryTake(out var reader))
        {
            reader.Dispose();
        }

        _committer?.Dispose(); // Last: the last connection to close tidies up the write-ahead log.
        _committer = null;
        _flush?.Dispose();
        _flush = null;
        _lock?.Dispose();
        _lock = null;
    }

    /// <summary>
    /// A query that may look at many rows: not on a thread of the caller's, and not on the last free connection, or listings could
    /// stop the loads and the sweep.
    /// </summary>
    private async Task<TResult> ReadSlowly<TArgument, TResult>(
        TArgument argument, Func<SqliteReader, TArgument, TResult> query, CancellationToken cancellationToken)
    {
        await _slowReads.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(() => Read(argument, query, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _slowReads.Release();
        }
    }

    /// <summary>Lends a connection. SQLite answers on the calling thread: an indexed read takes microseconds.</summary>
    private async Task<TResult> Read<TArgument, TResult>(
        TArgument argument, Func<SqliteReader, TArgument, TResult> query, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        if (_opened == 0)
        {
            throw NotStarted();
        }

        await _freeReaders.WaitAsync(cancellationToken).ConfigureAwait(false);
        SqliteReader? reader = null;
        try
        {
            ObjectDisposedException.ThrowIf(_disposed != 0 || !_readers.TryTake(out reader), this);
            return query(reader, argument);
        }
        catch (SqliteException e)
        {
            throw new StoreUnavailableException($"SQLite could not read: {e.Message} [ODTM2008]", e);
        }
        finally
        {
            if (reader is not null)
            {
                _readers.Add(reader);
            }

            _freeReaders.Release();
        }
    }
}

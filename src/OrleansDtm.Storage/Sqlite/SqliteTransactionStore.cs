using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using OrleansDtm.Storage.Databases;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Storage.Sqlite;

/// <summary>
/// Transactions in one SQLite file, which one process opens: a write-ahead log that each commit flushes, one writing
/// connection, a few for reading.
/// </summary>
public sealed class SqliteTransactionStore : DatabaseTransactionStore
{
    private readonly SqliteStoreOptions _options;
    private readonly ILogger<SqliteTransactionStore> _logger;
    private readonly string _path;
    private readonly ConcurrentBag<SqliteReader> _readers = [];
    private readonly SemaphoreSlim _freeReaders = new(0);
    private readonly SemaphoreSlim _slowReads;
    private FileStream? _lock;
    private SqliteFlush? _flush;
    private SqliteCommitter? _committer;
    private int _opened;

    /// <param name="options">Where and how.</param>
    /// <param name="clock">The time of schema changes and key-value items.</param>
    /// <param name="logger">Gets failed commits.</param>
    public SqliteTransactionStore(
        SqliteStoreOptions options, TimeProvider clock, ILogger<SqliteTransactionStore> logger)
        : base(new SqliteDialect(), clock)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(options.Path);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Readers, 1);
        _options = options;
        _slowReads = new SemaphoreSlim(Math.Max(1, options.Readers / 2));
        _logger = logger;
        _path = Path.GetFullPath(options.Path);
    }

    private protected override void Open()
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
            CloseAll(); // A second attempt must be possible.
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
            StartWriter(
                _committer, _options.GroupCommit, $"store {Path.GetFileName(_path)}", SqliteDriver.DriverName, _logger);
        }
    }

    /// <summary>Waits for reads in progress, closes the file and releases its lock.</summary>
    private protected override async ValueTask Close()
    {
        for (; _opened > 0; _opened--)
        {
            await _freeReaders.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        }

        CloseAll();
        _freeReaders.Release(); // A caller that still waits for a connection must get its error.
    }

    private protected override Task<T> Read<T>(
        string sql,
        (string Name, object Value)[] parameters,
        Func<DbDataReader, CancellationToken, Task<T>> map,
        bool isSlow,
        CancellationToken cancellationToken) =>
        isSlow
            ? ReadSlowly(sql, parameters, map, cancellationToken)
            : ReadHere(sql, parameters, map, cancellationToken);

    private protected override Task<int> Execute(
        string[] statements, (string Name, object Value)[] parameters, CancellationToken cancellationToken)
    {
        // Waits for the batch in progress and for the disk, so it must not run on a thread of the caller.
        var committer = _committer ?? throw NotStarted();
        return Task.Run(
            () => committer.Run(
                connection => SqliteDatabase.Execute(connection, statements, parameters)), cancellationToken);
    }

    private void OpenWriter()
    {
        _lock = SqliteDatabase.Lock(_path);
        var connection = SqliteDatabase.Open(_path, _options, isReader: false);
        try
        {
            SqliteDatabase.Migrate(connection, SchemaScripts.For(SqliteDriver.DriverName), Clock);
            _flush = SqliteFlush.IsSupported ? new SqliteFlush(_path) : null;
            _committer = new SqliteCommitter(connection, _flush is null ? null : _flush.Run);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Checks that there is something to read, and that it can be read.</summary>
    private void Look()
    {
        if (!File.Exists(_path))
        {
            throw new StoreUnavailableException($"There is no file '{_path}'. Name the file with Store:Path. "
                + "[ODTM2014]");
        }

        using var connection = SqliteDatabase.Open(_path, _options, isReader: true);
        Schemas.Require(SqliteDriver.DriverName, Schemas.Read(connection, SqliteDatabase.IsNoTable), $"'{_path}'");
    }

    private void CloseAll()
    {
        while (_readers.TryTake(out var reader))
        {
            reader.Dispose();
        }

        _committer?.Dispose(); // The last connection to close removes the write-ahead log.
        _committer = null;
        _flush?.Dispose();
        _flush = null;
        _lock?.Dispose();
        _lock = null;
    }

    /// <summary>SQLite reads on the calling thread, so a query that may take long gets a thread of the pool.</summary>
    private async Task<T> ReadSlowly<T>(
        string sql,
        (string Name, object Value)[] parameters,
        Func<DbDataReader, CancellationToken, Task<T>> map,
        CancellationToken cancellationToken)
    {
        await _slowReads.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(
                () => ReadHere(sql, parameters, map, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _slowReads.Release();
        }
    }

    /// <summary>On this thread: an indexed read takes microseconds.</summary>
    private async Task<T> ReadHere<T>(
        string sql,
        (string Name, object Value)[] parameters,
        Func<DbDataReader, CancellationToken, Task<T>> map,
        CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (_opened == 0)
        {
            throw NotStarted();
        }

        await _freeReaders.WaitAsync(cancellationToken).ConfigureAwait(false);
        SqliteReader? reader = null;
        try
        {
            ObjectDisposedException.ThrowIf(IsDisposed || !_readers.TryTake(out reader), this);
            using var rows = reader.Execute(sql, parameters);
            return await map(rows, cancellationToken).ConfigureAwait(false);
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

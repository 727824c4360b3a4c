using System.Data.Common;
using Microsoft.Extensions.Logging;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Storage.Servers;

/// <summary>
/// Transactions in a database server: one connection that commits batches, and a pool for reading. Any number of processes at a time;
/// the version of each row decides between them.
/// </summary>
public sealed partial class ServerTransactionStore : ITransactionStore
{
    private readonly ServerDialect _dialect;
    private readonly ServerStoreOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger<ServerTransactionStore> _logger;
    private readonly string _where;
    private readonly SemaphoreSlim _reads;
    private readonly SemaphoreSlim _slowReads;
    private DbDataSource? _pool;
    private ServerCommitter? _committer;
    private GroupCommitWriter? _writer;
    private WriteCheck? _check;
    private volatile int _disposed;

    private ServerTransactionStore(
        ServerDialect dialect, ServerStoreOptions options, TimeProvider clock, ILogger<ServerTransactionStore> logger)
    {
        options = dialect.Settle(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Readers, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.CommitTimeout, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ReadTimeout, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ConnectTimeout, TimeSpan.FromSeconds(1));
        dialect.CheckConnectionString(options);
        _dialect = dialect;
        _options = options;
        _clock = clock;
        _logger = logger;
        _where = dialect.Describe(options);
        _reads = new SemaphoreSlim(options.Readers);
        _slowReads = new SemaphoreSlim(Math.Max(1, options.Readers / 2));
    }

    /// <param name="options">Where and how.</param>
    /// <param name="clock">Dates schema changes and key-value items.</param>
    /// <param name="logger">Told of commits that fail, and of settings of the server that may lose one.</param>
    public static ServerTransactionStore MySql(
        ServerStoreOptions options, TimeProvider clock, ILogger<ServerTransactionStore> logger) =>
        new(new MySqlDialect(), options, clock, logger);

    /// <inheritdoc cref="MySql"/>
    public static ServerTransactionStore Postgres(
        ServerStoreOptions options, TimeProvider clock, ILogger<ServerTransactionStore> logger) =>
        new(new PostgresDialect(), options, clock, logger);

    /// <summary>The database and where it is, without secrets.</summary>
    public static string DescribeMySql(ServerStoreOptions options) => new MySqlDialect().Describe(options);

    /// <inheritdoc cref="DescribeMySql"/>
    public static string DescribePostgres(ServerStoreOptions options) => new PostgresDialect().Describe(options);

    /// <inheritdoc/>
    public Task Start(CancellationToken cancellationToken) => Task.Run(Open, cancellationToken);

    /// <inheritdoc/>
    public Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken) =>
        (_writer ?? throw NotStarted()).Write(write, cancellationToken);

    /// <summary>Commits what is queued and closes all connections. Reads under way fail.</summary>
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

        _committer?.Dispose();
        if (_pool is not null)
        {
            await _pool.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static InvalidOperationException NotStarted() => new("The store was not started, or for reading only.");

    private void Open()
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
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

        ServerSchema.Migrate(_dialect, _options, _clock);
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
            throw new StoreUnavailableException($"Cannot use {_where}: {e.Message} [ODTM2005]", e);
        }

        _committer = committer;
        _pool = _dialect.CreatePool(_options);
        _writer = new GroupCommitWriter(committer, _options.GroupCommit, $"store {_dialect.Name}", _logger, _dialect.TelemetryName);
        _check = new WriteCheck(_writer, this);
    }

    /// <summary>Makes sure that there is something to read, and that it can be read.</summary>
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
            throw new StoreUnavailableException($"Cannot use {_where}: {e.Message} [ODTM2005]", e);
        }
    }

    [LoggerMessage(10, LogLevel.Warning,
        "The server of the {Store} may lose acknowledged transactions when its machine fails, because of its settings: {Settings}. [ODTM2012]")]
    private partial void LogWeak(string store, string settings);
}

using System.Runtime.ExceptionServices;

namespace OrleansDtm.Storage;

/// <summary>
/// One store over several databases. <see cref="ShardHash"/> selects the database of a gid; each is a complete store
/// with its own writer. Key-value items and the audit log are in shard 0. Over one database it forwards everything, and
/// only checks that it is not one of several. If a database is unavailable, the others keep working.
/// </summary>
/// <remarks>
/// Ids and times are ordered within one shard only. What pages by them (<see cref="FindDue"/>, <see
/// cref="FindInterrupted"/>, <see cref="DeleteFinished"/>, and <see cref="List"/> without a gid) therefore throws <see
/// cref="NotSupportedException"/> over more than one: sweeps and retention go over <see cref="Shards"/>, listings
/// through <see cref="TransactionListing"/>.
/// </remarks>
public sealed class ShardedTransactionStore : ITransactionStore, IKeyValueStore, IAuditStore
{
    private readonly ITransactionStore[] _shards;

    /// <param name="shards">
    /// In the order of their first start, at least one. Each is an <see cref="IKeyValueStore"/> and, for an audit log,
    /// an <see cref="IAuditStore"/> too. Disposed with this.
    /// </param>
    public ShardedTransactionStore(IReadOnlyList<ITransactionStore> shards)
    {
        ArgumentNullException.ThrowIfNull(shards);
        ArgumentOutOfRangeException.ThrowIfLessThan(shards.Count, 1);
        _shards = [.. shards];
    }

    /// <inheritdoc/>
    public IReadOnlyList<ITransactionStore> Shards => _shards;

    private IKeyValueStore KeyValues => (IKeyValueStore)_shards[0];

    private IAuditStore Audit => (IAuditStore)_shards[0];

    /// <summary>Starts all shards in parallel; all must be reachable, or their order cannot be checked.</summary>
    /// <exception cref="StoreSchemaException">
    /// Also if their number or order differs from the records of the databases.
    /// </exception>
    public async Task Start(CancellationToken cancellationToken)
    {
        await _shards.AskAll(async shard =>
        {
            await shard.Start(cancellationToken).ConfigureAwait(false);
            return true;
        }).ConfigureAwait(false);
        await ShardRecords.Check(_shards, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(write);
        return Shard(write.Next.Definition.Gid).Write(write, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<StoredTransaction?> Load(string gid, CancellationToken cancellationToken) =>
        Shard(gid).Load(gid, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<DueTransaction>> FindDue(
        DateTimeOffset now, DueTransaction? after, int limit, CancellationToken cancellationToken) =>
        Only().FindDue(now, after, limit, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<DueTransaction>> FindInterrupted(
        long owner, bool others, long afterId, int limit, CancellationToken cancellationToken) =>
        Only().FindInterrupted(owner, others, afterId, limit, cancellationToken);

    /// <summary>The clock of the first shard, for all of them: their clocks may differ.</summary>
    public Task<DateTimeOffset?> ReadClock(CancellationToken cancellationToken) =>
        _shards[0].ReadClock(cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DueTransaction>> FindWaiting(
        DateTimeOffset dueAfter, string? space, int limit, CancellationToken cancellationToken)
    {
        var pages = await _shards.AskAll(
            s => s.FindWaiting(dueAfter, space, limit, cancellationToken)).ConfigureAwait(false);
        return pages is [var page]
            ? page
            : [.. pages.SelectMany(static p => p).OrderByDescending(static d => d.Due).Take(limit)];
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredTransaction>> List(TransactionFilter filter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return (filter.Gid is { } gid ? Shard(gid) : Only()).List(filter, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<UnfinishedCount>> CountUnfinished(
        DateTimeOffset overdueBefore, CancellationToken cancellationToken)
    {
        var counts = await _shards.AskAll(
            s => s.CountUnfinished(overdueBefore, cancellationToken)).ConfigureAwait(false);
        return UnfinishedCount.Sum(counts.SelectMany(static c => c));
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<long>> CountUnfinishedCreatedBefore(
        IReadOnlyList<DateTimeOffset> moments, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(moments);
        var counts = await _shards.AskAll(
            s => s.CountUnfinishedCreatedBefore(moments, cancellationToken)).ConfigureAwait(false);
        return [.. Enumerable.Range(0, moments.Count).Select(i => counts.Sum(c => c[i]))];
    }

    /// <inheritdoc/>
    public Task<RetentionSlice> DeleteFinished(
        DateTimeOffset finishedBefore, long afterId, int limit, CancellationToken cancellationToken) =>
        Only().DeleteFinished(finishedBefore, afterId, limit, cancellationToken);

    /// <summary>
    /// Throws only if no shard answers: without one shard most work can be done, and all silos would be not ready at
    /// once.
    /// </summary>
    public async Task Ping(CancellationToken cancellationToken)
    {
        var pings = Enumerable.Range(0, _shards.Length).Select(number => _shards.Ask(number, async shard =>
        {
            await shard.Ping(cancellationToken).ConfigureAwait(false);
            return true;
        })).ToArray();
        Task? last = null;
        await foreach (var ping in Task.WhenEach(pings).ConfigureAwait(false))
        {
            last = ping;
            if (ping.IsCompletedSuccessfully)
            {
                return;
            }
        }

        await last!.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<KeyValueItem?> Get(string category, string key, CancellationToken cancellationToken) =>
        KeyValues.Get(category, key, cancellationToken);

    /// <inheritdoc/>
    public Task<WriteResult> Put(
        string category, string key, string value, long expectedVersion, CancellationToken cancellationToken) =>
        KeyValues.Put(category, key, value, expectedVersion, cancellationToken);

    /// <inheritdoc/>
    public Task<WriteResult> Delete(
        string category, string key, long expectedVersion, CancellationToken cancellationToken) =>
        KeyValues.Delete(category, key, expectedVersion, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<KeyValueItem>> Scan(
        string category, long beforeId, int limit, CancellationToken cancellationToken) =>
        KeyValues.Scan(category, beforeId, limit, cancellationToken);

    /// <inheritdoc/>
    public Task Append(IReadOnlyList<AuditRecord> records, CancellationToken cancellationToken) =>
        Audit.Append(records, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<AuditItem>> ListAudit(AuditFilter filter, CancellationToken cancellationToken) =>
        Audit.ListAudit(filter, cancellationToken);

    /// <inheritdoc/>
    public Task<RetentionSlice> DeleteAudit(
        DateTimeOffset before,
        DateTimeOffset requestsBefore,
        long afterId,
        int limit,
        CancellationToken cancellationToken) =>
        Audit.DeleteAudit(before, requestsBefore, afterId, limit, cancellationToken);

    /// <summary>Closes all shards, also if closing one fails.</summary>
    public async ValueTask DisposeAsync()
    {
        ExceptionDispatchInfo? failure = null;
        foreach (var shard in _shards)
        {
            try
            {
                await shard.DisposeAsync().ConfigureAwait(false);
            }
            catch (Exception e)
            {
                failure ??= ExceptionDispatchInfo.Capture(e);
            }
        }

        failure?.Throw();
    }

    private ITransactionStore Shard(string gid) => _shards[ShardHash.ShardOf(gid, _shards.Length)];

    private ITransactionStore Only() => _shards.Length == 1
        ? _shards[0]
        : throw new NotSupportedException("Ids and times are ordered within one shard only: ask each of Shards, or "
            + "TransactionListing.");
}

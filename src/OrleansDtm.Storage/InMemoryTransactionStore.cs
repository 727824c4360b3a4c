using OrleansDtm.Core;

namespace OrleansDtm.Storage;

/// <summary>
/// Keeps transactions in memory, for tests and simulations. Deterministic, without threads and time. Everything is
/// encoded and decoded, so a state that would not survive a restart does not survive here either.
/// </summary>
/// <param name="clock">The time of key-value items; null = the system's clock.</param>
public sealed partial class InMemoryTransactionStore(TimeProvider? clock = null) : ITransactionStore, IBatchCommitter
{
    private readonly object _gate = new();
    private readonly Dictionary<string, Row> _byGid = new(StringComparer.Ordinal);
    private readonly SortedDictionary<long, Row> _byId = [];
    private readonly SortedSet<(long Due, long Id)> _due = [];
    private long _lastId;

    /// <inheritdoc/>
    public Task Start(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var encoded = EncodedWrite.Of(write);
        lock (_gate)
        {
            return Task.FromResult(Apply(encoded) ? WriteResult.Written : WriteResult.Conflict);
        }
    }

    /// <inheritdoc/>
    public void Commit(IReadOnlyList<EncodedWrite> batch, WriteResult[] results)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(results);
        lock (_gate)
        {
            for (var i = 0; i < batch.Count; i++)
            {
                results[i] = Apply(batch[i]) ? WriteResult.Written : WriteResult.Conflict;
            }
        }
    }

    /// <inheritdoc/>
    public Task<StoredTransaction?> Load(string gid, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            return Task.FromResult(_byGid.TryGetValue(gid, out var row) ? row.Read() : null);
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<DueTransaction>> FindDue(
        DateTimeOffset now, DueTransaction? after, int limit, CancellationToken cancellationToken)
    {
        var end = now.ToUnixTimeMilliseconds();
        var start = after is null ? (long.MinValue, 0) : (after.Due.ToUnixTimeMilliseconds(), after.Id + 1);
        return start.CompareTo((end, long.MaxValue)) > 0
            ? Task.FromResult<IReadOnlyList<DueTransaction>>([])
            : Find(
                () => _due.GetViewBetween(start, (end, long.MaxValue)).Select(d => _byId[d.Id]),
                limit,
                cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<DueTransaction>> FindInterrupted(
        long owner, bool others, long afterId, int limit, CancellationToken cancellationToken) =>
        Find(
            () => _byId.Values.Where(
                r => r.Id > afterId
                    && r.Last.Owner != 0 && (r.Last.Owner != owner) == others && r.Last.Due is not null),
            limit,
            cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<DueTransaction>> FindWaiting(
        DateTimeOffset dueAfter, string? space, int limit, CancellationToken cancellationToken)
    {
        var start = (dueAfter.ToUnixTimeMilliseconds() + 1, 0L);
        return Find(
            () => _due.GetViewBetween(start, (long.MaxValue, long.MaxValue)).Reverse().Select(d => _byId[d.Id])
                .Where(r => r.Last.Finished is null
                    && Namespaces.Contains(space, r.Last.Gid)
                    && StoredRows.WaitsForRetry(r.Last.Progress)),
            limit,
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredTransaction>> List(TransactionFilter filter, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(filter.Limit);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            // Nothing in it is awaited, so it is read within the lock.
            return TransactionListing.Bounded(_byId.Values.Reverse()
                .Where(r => r.Matches(filter)).Select(static r => r.Read())
                .Where(s => filter.Matches(s.Transaction)).Take(filter.Limit).Select(ListedRow.Of).ToAsyncEnumerable());
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<long>> CountUnfinishedCreatedBefore(
        IReadOnlyList<DateTimeOffset> moments, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(moments);
        ArgumentOutOfRangeException.ThrowIfZero(moments.Count);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<long>>(
            [
                .. moments.Select(moment => _byId.Values.LongCount(
                    r => r.Last.Finished is null && DateTimeOffset.FromUnixTimeMilliseconds(r.Last.Created) < moment)),
            ]);
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<UnfinishedCount>> CountUnfinished(
        DateTimeOffset overdueBefore, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<UnfinishedCount>>(
            [
                .. _byId.Values
                    .GroupBy(static r => (Type: Names.Type(r.Last.Type), Status: Names.Status(r.Last.Status)))
                    .Where(static g => g.Key.Status is not (TransactionStatus.Succeed or TransactionStatus.Failed))
                    .Select(g => new UnfinishedCount(
                        g.Key.Type,
                        g.Key.Status,
                        g.LongCount(),
                        g.LongCount(r => r.Last.Due is not null && r.ReadDue().Due < overdueBefore))),
            ]);
        }
    }

    /// <inheritdoc/>
    public Task<RetentionSlice> DeleteFinished(
        DateTimeOffset finishedBefore, long afterId, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        cancellationToken.ThrowIfCancellationRequested();
        var before = finishedBefore.ToUnixTimeMilliseconds();
        lock (_gate)
        {
            var slice = _byId.Values.Where(r => r.Id > afterId).Take(limit).ToArray();
            var old = slice.Where(r => r.Last.Finished < before && r.Last.Due is null).ToArray();
            foreach (var row in old)
            {
                _byId.Remove(row.Id);
                _byGid.Remove(row.Last.Gid);
            }

            var isLast = slice.Length < limit || slice.All(r => r.Last.Created >= before);
            return Task.FromResult(new RetentionSlice(old.Length, isLast ? 0 : slice[^1].Id));
        }
    }

    /// <inheritdoc/>
    public Task Ping(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private bool Apply(EncodedWrite write)
    {
        _byGid.TryGetValue(write.Gid, out var row);
        if ((row?.Last.Version ?? 0) != write.ExpectedVersion)
        {
            return false;
        }

        if (row is null)
        {
            row = new Row(++_lastId, write);
            _byGid.Add(write.Gid, row);
            _byId.Add(row.Id, row);
        }
        else if (row.Last.Due is { } before)
        {
            _due.Remove((before, row.Id));
        }

        row.Take(write);
        if (write.Due is { } due)
        {
            _due.Add((due, row.Id));
        }

        return true;
    }

    private Task<IReadOnlyList<DueTransaction>> Find(
        Func<IEnumerable<Row>> rows, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<DueTransaction>>(
                [.. rows().Take(limit).Select(static r => r.ReadDue())]);
        }
    }

    private sealed class Row(long id, EncodedWrite last)
    {
        private readonly List<byte[]> _bodies = [];

        public long Id => id;

        public EncodedWrite Last { get; private set; } = last;

        public void Take(EncodedWrite write)
        {
            Last = write;
            if (write.Body is not null)
            {
                _bodies.Add(write.Body);
            }
        }

        /// <summary>The part of the filter that needs no decoding.</summary>
        public bool Matches(TransactionFilter filter) =>
            (filter.Gid is null || filter.Gid == Last.Gid) && (filter.BeforeId <= 0 || id < filter.BeforeId);

        public StoredTransaction Read() => new(
            id,
            Last.Owner,
            TransactionCodec.Decode(
                new EncodedTransaction(
                    Last.Status, Last.Version, Last.Updated, Last.Finished, Last.Progress, [.. _bodies])));

        public DueTransaction ReadDue() => new(id, Last.Gid, DateTimeOffset.FromUnixTimeMilliseconds(Last.Due!.Value));
    }
}

using OrleansDtm.Storage;

namespace OrleansDtm.Tests.Storage;

/// <summary>A store that can be away: then everything throws <see cref="StoreUnavailableException"/>.</summary>
internal sealed class SwitchableStore(ITransactionStore inner) : ITransactionStore, IKeyValueStore
{
    private readonly IKeyValueStore _keyValues = (IKeyValueStore)inner;

    public SwitchableStore()
        : this(new InMemoryTransactionStore())
    {
    }

    public volatile bool Away;

    /// <summary>Runs before something is deleted because of its age.</summary>
    public Action? OnDelete { get; set; }

    /// <summary>The database's clock; null = it has none.</summary>
    public TimeProvider? Clock { get; set; }

    public bool Started { get; private set; }

    public bool Disposed { get; private set; }

    private ITransactionStore Inner => Away ? throw NoStore() : inner;

    private IKeyValueStore KeyValues => Away ? throw NoStore() : _keyValues;

    public Task<DateTimeOffset?> ReadClock(CancellationToken cancellationToken) =>
        Away ? throw NoStore() : Task.FromResult(Clock?.GetUtcNow());

    public async Task Start(CancellationToken cancellationToken)
    {
        await Inner.Start(cancellationToken);
        Started = true;
    }

    public Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken) => Inner.Write(write, cancellationToken);

    public Task<StoredTransaction?> Load(string gid, CancellationToken cancellationToken) => Inner.Load(gid, cancellationToken);

    public Task<IReadOnlyList<DueTransaction>> FindDue(DateTimeOffset now, DueTransaction? after, int limit, CancellationToken cancellationToken) =>
        Inner.FindDue(now, after, limit, cancellationToken);

    public Task<IReadOnlyList<DueTransaction>> FindInterrupted(
        long owner, bool others, long afterId, int limit, CancellationToken cancellationToken) =>
        Inner.FindInterrupted(owner, others, afterId, limit, cancellationToken);

    public Task<IReadOnlyList<DueTransaction>> FindWaiting(DateTimeOffset dueAfter, int limit, CancellationToken cancellationToken) =>
        Inner.FindWaiting(dueAfter, limit, cancellationToken);

    public Task<IReadOnlyList<StoredTransaction>> List(TransactionFilter filter, CancellationToken cancellationToken) =>
        Inner.List(filter, cancellationToken);

    public Task<IReadOnlyList<UnfinishedCount>> CountUnfinished(DateTimeOffset overdueBefore, CancellationToken cancellationToken) =>
        Inner.CountUnfinished(overdueBefore, cancellationToken);

    public Task<IReadOnlyList<long>> CountUnfinishedCreatedBefore(IReadOnlyList<DateTimeOffset> moments, CancellationToken cancellationToken) =>
        Inner.CountUnfinishedCreatedBefore(moments, cancellationToken);

    public Task<RetentionSlice> DeleteFinished(
        DateTimeOffset finishedBefore, long afterId, int limit, CancellationToken cancellationToken)
    {
        OnDelete?.Invoke();
        return Inner.DeleteFinished(finishedBefore, afterId, limit, cancellationToken);
    }

    public Task Ping(CancellationToken cancellationToken) => Inner.Ping(cancellationToken);

    public Task<KeyValueItem?> Get(string category, string key, CancellationToken cancellationToken) =>
        KeyValues.Get(category, key, cancellationToken);

    public Task<WriteResult> Put(string category, string key, string value, long expectedVersion, CancellationToken cancellationToken) =>
        KeyValues.Put(category, key, value, expectedVersion, cancellationToken);

    public Task<WriteResult> Delete(string category, string key, long expectedVersion, CancellationToken cancellationToken) =>
        KeyValues.Delete(category, key, expectedVersion, cancellationToken);

    public Task<IReadOnlyList<KeyValueItem>> Scan(string category, long beforeId, int limit, CancellationToken cancellationToken) =>
        KeyValues.Scan(category, beforeId, limit, cancellationToken);

    public ValueTask DisposeAsync()
    {
        Disposed = true;
        return inner.DisposeAsync();
    }

    private static StoreUnavailableException NoStore() => new("nobody answers");
}

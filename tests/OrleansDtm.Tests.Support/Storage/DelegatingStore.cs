using OrleansDtm.Storage;

namespace OrleansDtm.Tests.Support.Storage;

/// <summary>Wraps a store; a derived class overrides some operations.</summary>
/// <param name="inner">The wrapped store, which is disposed with this one.</param>
internal abstract class DelegatingStore(ITransactionStore inner) : ITransactionStore, IKeyValueStore, IAuditStore
{
    protected ITransactionStore Inner => inner;

    public virtual Task Start(CancellationToken cancellationToken) => Run(store => store.Start(cancellationToken));

    public virtual Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken) =>
        Ask(store => store.Write(write, cancellationToken));

    public virtual Task<StoredTransaction?> Load(string gid, CancellationToken cancellationToken) =>
        Ask(store => store.Load(gid, cancellationToken));

    public virtual Task<IReadOnlyList<DueTransaction>> FindDue(
        DateTimeOffset now, DueTransaction? after, int limit, CancellationToken cancellationToken) =>
        Ask(store => store.FindDue(now, after, limit, cancellationToken));

    public Task<IReadOnlyList<DueTransaction>> FindInterrupted(
        long owner, bool others, long afterId, int limit, CancellationToken cancellationToken) =>
        Ask(store => store.FindInterrupted(owner, others, afterId, limit, cancellationToken));

    public Task<IReadOnlyList<DueTransaction>> FindWaiting(
        DateTimeOffset dueAfter, string? space, int limit, CancellationToken cancellationToken) =>
        Ask(store => store.FindWaiting(dueAfter, space, limit, cancellationToken));

    public Task<IReadOnlyList<StoredTransaction>> List(TransactionFilter filter, CancellationToken cancellationToken) =>
        Ask(store => store.List(filter, cancellationToken));

    public Task<long> PassOthers(TransactionFilter filter, CancellationToken cancellationToken) =>
        Ask(store => store.PassOthers(filter, cancellationToken));

    public Task<IReadOnlyList<UnfinishedCount>> CountUnfinished(
        DateTimeOffset overdueBefore, CancellationToken cancellationToken) =>
        Ask(store => store.CountUnfinished(overdueBefore, cancellationToken));

    public Task<IReadOnlyList<long>> CountUnfinishedCreatedBefore(
        IReadOnlyList<DateTimeOffset> moments, CancellationToken cancellationToken) =>
        Ask(store => store.CountUnfinishedCreatedBefore(moments, cancellationToken));

    public virtual Task<RetentionSlice> DeleteFinished(
        DateTimeOffset finishedBefore, long afterId, int limit, CancellationToken cancellationToken) =>
        Ask(store => store.DeleteFinished(finishedBefore, afterId, limit, cancellationToken));

    public Task Ping(CancellationToken cancellationToken) => Run(store => store.Ping(cancellationToken));

    public virtual Task<DateTimeOffset?> ReadClock(CancellationToken cancellationToken) =>
        Ask(store => store.ReadClock(cancellationToken));

    public Task<KeyValueItem?> Get(string category, string key, CancellationToken cancellationToken) =>
        AskItems(items => items.Get(category, key, cancellationToken));

    public Task<WriteResult> Put(
        string category, string key, string value, long expectedVersion, CancellationToken cancellationToken) =>
        AskItems(items => items.Put(category, key, value, expectedVersion, cancellationToken));

    public Task<WriteResult> Delete(
        string category, string key, long expectedVersion, CancellationToken cancellationToken) =>
        AskItems(items => items.Delete(category, key, expectedVersion, cancellationToken));

    public Task<IReadOnlyList<KeyValueItem>> Scan(
        string category, long beforeId, int limit, CancellationToken cancellationToken) =>
        AskItems(items => items.Scan(category, beforeId, limit, cancellationToken));

    public Task Append(IReadOnlyList<AuditRecord> records, CancellationToken cancellationToken) =>
        Run(store => ((IAuditStore)store).Append(records, cancellationToken));

    public Task<IReadOnlyList<AuditItem>> ListAudit(AuditFilter filter, CancellationToken cancellationToken) =>
        Ask(store => ((IAuditStore)store).ListAudit(filter, cancellationToken));

    public Task<RetentionSlice> DeleteAudit(
        DateTimeOffset before,
        DateTimeOffset requestsBefore,
        long afterId,
        int limit,
        CancellationToken cancellationToken) =>
        Ask(store => ((IAuditStore)store).DeleteAudit(before, requestsBefore, afterId, limit, cancellationToken));

    public virtual ValueTask DisposeAsync() => inner.DisposeAsync();

    /// <summary>Runs every operation that is not overridden.</summary>
    protected virtual Task<T> Ask<T>(Func<ITransactionStore, Task<T>> call) => call(inner);

    private Task<T> AskItems<T>(Func<IKeyValueStore, Task<T>> call) => Ask(store => call((IKeyValueStore)store));

    private Task<bool> Run(Func<ITransactionStore, Task> call) => Ask(async store =>
    {
        await call(store);
        return true;
    });
}

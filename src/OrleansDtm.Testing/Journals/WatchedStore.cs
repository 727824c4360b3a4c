using OrleansDtm.Storage;

namespace OrleansDtm.Testing.Journals;

/// <summary>The store in memory; every write is reported to the journal.</summary>
internal sealed class WatchedStore(InMemoryTransactionStore inner, Journal journal) : ITransactionStore
{
    public Task Start(CancellationToken cancellationToken) => inner.Start(cancellationToken);

    public async Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken)
    {
        var result = await inner.Write(write, cancellationToken).ConfigureAwait(false);
        if (result == WriteResult.Written)
        {
            journal.Stored(write.Next);
        }

        return result;
    }

    public Task<StoredTransaction?> Load(string gid, CancellationToken cancellationToken) =>
        inner.Load(gid, cancellationToken);

    public Task<IReadOnlyList<DueTransaction>> FindDue(
        DateTimeOffset now, DueTransaction? after, int limit, CancellationToken cancellationToken) =>
        inner.FindDue(now, after, limit, cancellationToken);

    public Task<IReadOnlyList<DueTransaction>> FindInterrupted(
        long owner, bool others, long afterId, int limit, CancellationToken cancellationToken) =>
        inner.FindInterrupted(owner, others, afterId, limit, cancellationToken);

    public Task<IReadOnlyList<DueTransaction>> FindWaiting(
        DateTimeOffset dueAfter, string? space, int limit, CancellationToken cancellationToken) =>
        inner.FindWaiting(dueAfter, space, limit, cancellationToken);

    public Task<IReadOnlyList<StoredTransaction>> List(TransactionFilter filter, CancellationToken cancellationToken) =>
        inner.List(filter, cancellationToken);

    public Task<IReadOnlyList<UnfinishedCount>> CountUnfinished(
        DateTimeOffset overdueBefore, CancellationToken cancellationToken) =>
        inner.CountUnfinished(overdueBefore, cancellationToken);

    public Task<IReadOnlyList<long>> CountUnfinishedCreatedBefore(
        IReadOnlyList<DateTimeOffset> moments, CancellationToken cancellationToken) =>
        inner.CountUnfinishedCreatedBefore(moments, cancellationToken);

    public Task<RetentionSlice> DeleteFinished(
        DateTimeOffset finishedBefore, long afterId, int limit, CancellationToken cancellationToken) =>
        inner.DeleteFinished(finishedBefore, afterId, limit, cancellationToken);

    public Task Ping(CancellationToken cancellationToken) => inner.Ping(cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}

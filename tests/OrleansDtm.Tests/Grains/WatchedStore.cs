using System.Collections.Concurrent;
using OrleansDtm.Core;
using OrleansDtm.Storage;

namespace OrleansDtm.Tests.Grains;

/// <summary>A store in memory that tells when a transaction has ended.</summary>
internal sealed class WatchedStore : ITransactionStore
{
    private readonly InMemoryTransactionStore _inner = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<Transaction>> _ended = new();
    private int _loads;

    /// <summary>Holds the thread that reads, as SQLite does.</summary>
    public Action? Reading { get; set; }

    /// <summary>Transactions read so far.</summary>
    public int Loads => Volatile.Read(ref _loads);

    /// <summary>Reading this one throws what no store may throw.</summary>
    public string? PoisonedGid { get; set; }

    /// <summary>Searching it throws <see cref="StoreUnavailableException"/>.</summary>
    public volatile bool Away;

    /// <summary>The transaction once its end is durable.</summary>
    public Task<Transaction> Ended(string gid) => End(gid).Task.WaitAsync(SiloUnderTest.Patience);

    /// <summary>A saga of one step (http://bank/a0) with its action under way since a moment, owned by somebody who is not here.</summary>
    public async Task Interrupted(string gid, DateTimeOffset since, TimeSpan requestTimeout)
    {
        var definition = new TransactionDefinition
        {
            Gid = gid,
            Type = TransactionType.Saga,
            Created = since,
            Options = new TransactionOptions { RequestTimeout = requestTimeout },
        };
        var submission = new Submission(definition, BranchPlan.Of(TransactionType.Saga, [new BranchStep("http://bank/a0", "", default)], since));
        var state = TransactionMachine.Decide(null, new TransactionEvent.Submit(submission), since).Next! with { Version = 1 };
        await Write(new TransactionWrite(null, state, Owner: 99), CancellationToken.None);
    }

    public Task Start(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken)
    {
        var result = await _inner.Write(write, cancellationToken);
        if (result == WriteResult.Written && write.Next.IsFinal)
        {
            End(write.Next.Definition.Gid).TrySetResult(write.Next);
        }

        return result;
    }

    public Task<StoredTransaction?> Load(string gid, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _loads);
        Reading?.Invoke();
        return gid == PoisonedGid ? throw new InvalidDataException("this row cannot be read") : _inner.Load(gid, cancellationToken);
    }

    public Task<IReadOnlyList<DueTransaction>> FindDue(DateTimeOffset now, DueTransaction? after, int limit, CancellationToken cancellationToken) =>
        Away ? throw new StoreUnavailableException("nobody answers") : _inner.FindDue(now, after, limit, cancellationToken);

    public Task<IReadOnlyList<DueTransaction>> FindInterrupted(
        long owner, bool others, long afterId, int limit, CancellationToken cancellationToken) =>
        _inner.FindInterrupted(owner, others, afterId, limit, cancellationToken);

    public Task<IReadOnlyList<DueTransaction>> FindWaiting(DateTimeOffset dueAfter, int limit, CancellationToken cancellationToken) =>
        _inner.FindWaiting(dueAfter, limit, cancellationToken);

    public Task<IReadOnlyList<StoredTransaction>> List(TransactionFilter filter, CancellationToken cancellationToken) =>
        _inner.List(filter, cancellationToken);

    public Task<IReadOnlyList<UnfinishedCount>> CountUnfinished(DateTimeOffset overdueBefore, CancellationToken cancellationToken) =>
        _inner.CountUnfinished(overdueBefore, cancellationToken);

    public Task<IReadOnlyList<long>> CountUnfinishedCreatedBefore(IReadOnlyList<DateTimeOffset> moments, CancellationToken cancellationToken) =>
        _inner.CountUnfinishedCreatedBefore(moments, cancellationToken);

    public Task<RetentionSlice> DeleteFinished(
        DateTimeOffset finishedBefore, long afterId, int limit, CancellationToken cancellationToken) =>
        Away ? throw new StoreUnavailableException("nobody answers") : _inner.DeleteFinished(finishedBefore, afterId, limit, cancellationToken);

    public Task Ping(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => _inner.DisposeAsync();

    private TaskCompletionSource<Transaction> End(string gid) =>
        _ended.GetOrAdd(gid, static _ => new TaskCompletionSource<Transaction>(TaskCreationOptions.RunContinuationsAsynchronously));
}

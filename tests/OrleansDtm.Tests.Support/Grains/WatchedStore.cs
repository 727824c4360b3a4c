using System.Collections.Concurrent;
using OrleansDtm.Core;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Storage;

namespace OrleansDtm.Tests.Support.Grains;

/// <summary>A store in memory that signals when a transaction has ended.</summary>
internal sealed class WatchedStore() : DelegatingStore(new InMemoryTransactionStore())
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<Transaction>> _ended = new();
    private int _loads;

    /// <summary>Called on the reading thread, which it may block as SQLite does.</summary>
    public Action? Reading { get; set; }

    /// <summary>The number of transactions read so far.</summary>
    public int Loads => Volatile.Read(ref _loads);

    /// <summary>The transaction whose read throws an exception that stores must not throw.</summary>
    public string? PoisonedGid { get; set; }

    /// <summary>True = searches throw <see cref="StoreUnavailableException"/>.</summary>
    public volatile bool Away;

    /// <summary>Returns the transaction once its end is durable.</summary>
    public Task<Transaction> Ended(string gid) => End(gid).Task.WaitAsync(SiloUnderTest.Patience);

    /// <summary>
    /// Stores a saga of one step (http://bank/a0) whose action is in flight and whose owner does not exist.
    /// </summary>
    public async Task Interrupted(string gid, DateTimeOffset since, TimeSpan requestTimeout)
    {
        var definition = new TransactionDefinition
        {
            Gid = gid,
            Type = TransactionType.Saga,
            Created = since,
            Options = new TransactionOptions { RequestTimeout = requestTimeout },
        };
        var submission = new Submission(
            definition, BranchPlan.Of(TransactionType.Saga, [new BranchStep("http://bank/a0", "", default)], since));
        var state = TransactionMachine.Decide(null, new TransactionEvent.Submit(submission), since).Next! with
        {
            Version = 1,
        };
        await Write(new TransactionWrite(null, state, Owner: 99), CancellationToken.None);
    }

    public override async Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken)
    {
        var result = await base.Write(write, cancellationToken);
        if (result == WriteResult.Written && write.Next.IsFinal)
        {
            End(write.Next.Definition.Gid).TrySetResult(write.Next);
        }

        return result;
    }

    public override Task<StoredTransaction?> Load(string gid, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _loads);
        Reading?.Invoke();
        return gid == PoisonedGid
            ? throw new InvalidDataException("this row cannot be read")
            : base.Load(gid, cancellationToken);
    }

    public override Task<IReadOnlyList<DueTransaction>> FindDue(
        DateTimeOffset now, DueTransaction? after, int limit, CancellationToken cancellationToken) =>
        Away ? throw NoStore() : base.FindDue(now, after, limit, cancellationToken);

    public override Task<RetentionSlice> DeleteFinished(
        DateTimeOffset finishedBefore, long afterId, int limit, CancellationToken cancellationToken) =>
        Away ? throw NoStore() : base.DeleteFinished(finishedBefore, afterId, limit, cancellationToken);

    private static StoreUnavailableException NoStore() => new("nobody answers");

    private TaskCompletionSource<Transaction> End(string gid) =>
        _ended.GetOrAdd(
            gid, static _ => new TaskCompletionSource<Transaction>(TaskCreationOptions.RunContinuationsAsynchronously));
}

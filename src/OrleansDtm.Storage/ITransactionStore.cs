using OrleansDtm.Core;

namespace OrleansDtm.Storage;

/// <summary>
/// Where transactions are kept. Reads are as of the last commit; a write is durable when its task ends. All members may be
/// called from any thread. When the database cannot be reached they throw <see cref="StoreUnavailableException"/>, and a write
/// that threw may or may not have happened: the caller reloads, it never guesses.
/// </summary>
public interface ITransactionStore : IAsyncDisposable
{
    /// <summary>Creates or migrates the schema. Called once, before anything else.</summary>
    /// <exception cref="StoreSchemaException">The database holds a schema this program cannot use.</exception>
    Task Start(CancellationToken cancellationToken);

    /// <summary>Inserts (<see cref="TransactionWrite.Previous"/> null) or updates one transaction, guarded by its version.</summary>
    /// <exception cref="StoreTooLargeException">The database does not take so much.</exception>
    Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken);

    /// <summary>The transaction as last committed; null when there is none with exactly this gid.</summary>
    Task<StoredTransaction?> Load(string gid, CancellationToken cancellationToken);

    /// <summary>Transactions whose due moment has come, finished or not, the longest overdue first.</summary>
    /// <param name="now">Inclusive.</param>
    /// <param name="after">Continue behind this row of the previous page; null = from the start.</param>
    /// <param name="limit">At most this many.</param>
    Task<IReadOnlyList<DueTransaction>> FindDue(DateTimeOffset now, DueTransaction? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Transactions, finished or not, with a call under way, by id: what a process that died has left behind need not wait for its
    /// due moment.
    /// </summary>
    /// <param name="owner">A process; not 0.</param>
    /// <param name="others">False = calls of this owner, which is known to be dead. True = of all but this one, which is known to be alone.</param>
    /// <param name="afterId">Continue behind this id; 0 = from the start.</param>
    /// <param name="limit">At most this many.</param>
    Task<IReadOnlyList<DueTransaction>> FindInterrupted(
        long owner, bool others, long afterId, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Unfinished transactions with a call that waits for a retry, due later than <paramref name="dueAfter"/>, the latest first. What waits
    /// for a deadline only (a delay, a timeout) is not among them: nothing makes it happen sooner.
    /// </summary>
    Task<IReadOnlyList<DueTransaction>> FindWaiting(DateTimeOffset dueAfter, int limit, CancellationToken cancellationToken);

    /// <summary>A page of transactions, the newest first, without the payloads of their branches.</summary>
    Task<IReadOnlyList<StoredTransaction>> List(TransactionFilter filter, CancellationToken cancellationToken);

    /// <summary>How many transactions are unfinished, by type and status; for gauges.</summary>
    /// <param name="overdueBefore">Those whose due moment lies before this one are counted as overdue.</param>
    Task<IReadOnlyList<UnfinishedCount>> CountUnfinished(DateTimeOffset overdueBefore, CancellationToken cancellationToken);

    /// <summary>How many unfinished transactions were created before each of these moments; for people. Reads a row for each of them.</summary>
    /// <param name="moments">One or more; the counts come in their order.</param>
    Task<IReadOnlyList<long>> CountUnfinishedCreatedBefore(IReadOnlyList<DateTimeOffset> moments, CancellationToken cancellationToken);

    /// <summary>
    /// Looks at rows by id, the oldest first, and deletes those that finished before <paramref name="finishedBefore"/> and wait for
    /// nothing (a notice may still be due). One short database transaction, which the write path hardly notices.
    /// </summary>
    /// <param name="finishedBefore">Exclusive. A slice of nothing but rows created at or after it ends the search; single ones, of a wrong clock, do not.</param>
    /// <param name="afterId">Continue behind this id; 0 = from the oldest.</param>
    /// <param name="limit">Look at most at this many rows, deleted or not.</param>
    Task<RetentionSlice> DeleteFinished(DateTimeOffset finishedBefore, long afterId, int limit, CancellationToken cancellationToken);

    /// <summary>Throws when the store does not answer, or takes no writes; for readiness. May write a small item of its own.</summary>
    Task Ping(CancellationToken cancellationToken);

    /// <summary>The time by the clock of the database, which all processes that share it can go by; null = it has none of its own.</summary>
    Task<DateTimeOffset?> ReadClock(CancellationToken cancellationToken) => Task.FromResult<DateTimeOffset?>(null);

    /// <summary>
    /// The databases this store is spread over, at least one; a store over one database is its own only shard. Work that goes over
    /// all rows (sweeps, retention) goes over shards, because ids and moments are ordered within one only.
    /// </summary>
    IReadOnlyList<ITransactionStore> Shards => [this];
}

/// <param name="Deleted">How many were deleted.</param>
/// <param name="LastId">Where the next slice continues; 0 = this was the last one.</param>
public readonly record struct RetentionSlice(int Deleted, long LastId);

/// <summary>One guarded write.</summary>
/// <param name="Previous">What is believed to be stored; null = nothing is (insert).</param>
/// <param name="Next">What is to be stored; its version is one more than the previous one's, 1 for an insert.</param>
/// <param name="Owner">The process that has calls under way; 0 when none are.</param>
public sealed record TransactionWrite(Transaction? Previous, Transaction Next, long Owner);

/// <summary>What a write came to.</summary>
public enum WriteResult
{
    None = 0,

    /// <summary>It is durable.</summary>
    Written = 1,

    /// <summary>Nothing was written: the gid exists (insert), or its version is another (update).</summary>
    Conflict = 2,
}

/// <param name="Id">The store's own number, growing with time of insertion; the keyset of listings. At most 2^53.</param>
/// <param name="Owner">See <see cref="TransactionWrite.Owner"/>.</param>
/// <param name="Transaction">The state.</param>
public sealed record StoredTransaction(long Id, long Owner, Transaction Transaction);

/// <param name="Id">See <see cref="StoredTransaction.Id"/>.</param>
/// <param name="Gid">Whose turn it is.</param>
/// <param name="Due">Since when.</param>
public sealed record DueTransaction(long Id, string Gid, DateTimeOffset Due);

/// <param name="Type">The pattern.</param>
/// <param name="Status">prepared, submitted or aborting.</param>
/// <param name="Count">All of them.</param>
/// <param name="Overdue">Those among them that should have been looked at.</param>
public sealed record UnfinishedCount(TransactionType Type, TransactionStatus Status, long Count, long Overdue)
{
    /// <summary>One count for each type and status.</summary>
    internal static IReadOnlyList<UnfinishedCount> Sum(IEnumerable<UnfinishedCount> counts) =>
    [
        .. from count in counts
           group count by (count.Type, count.Status) into same
           select new UnfinishedCount(
               same.Key.Type, same.Key.Status, same.Sum(static c => c.Count), same.Sum(static c => c.Overdue)),
    ];
}

/// <summary>What a listing asks for; null and default = do not care.</summary>
public sealed record TransactionFilter
{
    public string? Gid { get; init; }

    public TransactionStatus Status { get; init; }

    public TransactionType Type { get; init; }

    /// <summary>Created at or after.</summary>
    public DateTimeOffset? CreatedFrom { get; init; }

    /// <summary>Created at or before.</summary>
    public DateTimeOffset? CreatedTo { get; init; }

    /// <summary>Only ids below this one: the last id of the previous page; 0 = from the newest.</summary>
    public long BeforeId { get; init; }

    /// <summary>At most this many.</summary>
    public int Limit { get; init; } = 100;
}

/// <summary>The database cannot be reached, or did not say whether it committed.</summary>
public sealed class StoreUnavailableException : Exception
{
    public StoreUnavailableException(string message)
        : base(message)
    {
    }

    public StoreUnavailableException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>The database does not take so much in one write. Nothing was stored, and another try would come to the same.</summary>
public sealed class StoreTooLargeException : Exception
{
    public StoreTooLargeException(string message)
        : base(message)
    {
    }

    public StoreTooLargeException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>The schema found is not one this program can use; the message names the fix.</summary>
public sealed class StoreSchemaException(string message) : Exception(message);

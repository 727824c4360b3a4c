using OrleansDtm.Core;

namespace OrleansDtm.Storage;

/// <summary>
/// Stores transactions. Reads return the last commit; a write is durable when its task completes. All members are
/// thread-safe. If the database cannot be reached they throw <see cref="StoreUnavailableException"/>; a write that
/// threw may or may not have happened, so the caller must reload.
/// </summary>
public interface ITransactionStore : IAsyncDisposable
{
    /// <summary>Creates or migrates the schema. Called once, before anything else.</summary>
    /// <exception cref="StoreSchemaException">The database holds a schema this program cannot use.</exception>
    Task Start(CancellationToken cancellationToken);

    /// <summary>
    /// Inserts (<see cref="TransactionWrite.Previous"/> null) or updates one transaction, guarded by its version.
    /// </summary>
    /// <exception cref="StoreTooLargeException">The database does not accept a write of this size.</exception>
    Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken);

    /// <summary>The transaction as last committed; null = there is none with exactly this gid.</summary>
    Task<StoredTransaction?> Load(string gid, CancellationToken cancellationToken);

    /// <summary>Transactions that are due, finished or not, the longest overdue first.</summary>
    /// <param name="now">Inclusive.</param>
    /// <param name="after">The last row of the previous page; null = from the start.</param>
    /// <param name="limit">At most this many.</param>
    Task<IReadOnlyList<DueTransaction>> FindDue(
        DateTimeOffset now, DueTransaction? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Transactions, finished or not, with a call in flight, by id. The calls of a dead process need not wait until
    /// they are due.
    /// </summary>
    /// <param name="owner">A process; not 0.</param>
    /// <param name="others">
    /// False = calls of this owner, which is dead. True = calls of all other owners; this one is the only process.
    /// </param>
    /// <param name="afterId">The last id of the previous page; 0 = from the start.</param>
    /// <param name="limit">At most this many.</param>
    Task<IReadOnlyList<DueTransaction>> FindInterrupted(
        long owner, bool others, long afterId, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Unfinished transactions with a call that waits for a retry, due later than <paramref name="dueAfter"/>, the
    /// latest first. Without transactions that only wait for a delay or a timeout.
    /// </summary>
    /// <param name="dueAfter">Exclusive.</param>
    /// <param name="space">The namespace; empty = the default one, null = all.</param>
    /// <param name="limit">At most this many.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    Task<IReadOnlyList<DueTransaction>> FindWaiting(
        DateTimeOffset dueAfter, string? space, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// A page of transactions, the newest first, without the payloads of their branches. It may end before the limit at
    /// <see cref="TransactionListing.BytesMax"/>; only an empty page says that nothing follows, and in the default
    /// namespace only <see cref="PassOthers"/> does.
    /// </summary>
    Task<IReadOnlyList<StoredTransaction>> List(TransactionFilter filter, CancellationToken cancellationToken);

    /// <summary>
    /// Passes over rows of other namespaces after <see cref="List"/> has found none. A listing of the default namespace
    /// has no index that leaves out the other ones.
    /// </summary>
    /// <param name="filter">As for the listing; its limit is the maximum number of rows to pass over.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The position at which the listing continues; 0 = nothing follows.</returns>
    Task<long> PassOthers(TransactionFilter filter, CancellationToken cancellationToken) => Task.FromResult(0L);

    /// <summary>The same for a search whose cost is bounded: the page may end early, even empty.</summary>
    async Task<StorePage> ListPage(TransactionFilter filter, CancellationToken cancellationToken) =>
        new(await List(filter, cancellationToken).ConfigureAwait(false), 0);

    /// <summary>
    /// The number of transactions that match, by status. The cost is bounded: from some number on the counts are
    /// minimums.
    /// </summary>
    /// <param name="filter">Its position and limit are ignored.</param>
    /// <param name="most">The rows that are counted before counts become minimums.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    async Task<IReadOnlyList<StatusCount>> Count(
        TransactionFilter filter, int most, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var rows = await TransactionListing.ReadAll(this, filter, int.MaxValue, cancellationToken)
            .ConfigureAwait(false);
        return
        [
            .. rows.CountBy(static r => r.Transaction.Status)
                .Select(of => new StatusCount(of.Key, of.Value, of.Value > most)),
        ];
    }

    /// <summary>The oldest unfinished transactions that match, for a sort.</summary>
    /// <param name="filter">Its position is ignored.</param>
    /// <param name="attempts">Read <see cref="RankedRow.Attempts"/>, from a row of each transaction.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    async Task<IReadOnlyList<RankedRow>> FindOldest(
        TransactionFilter filter, bool attempts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var rows = await TransactionListing.ReadAll(
            this, filter with { IsUnfinished = true }, int.MaxValue, cancellationToken).ConfigureAwait(false);
        return
        [
            .. rows.OrderBy(static r => r.Id).Take(filter.Limit).Select(static r => new RankedRow(
                r.Id,
                r.Transaction.Definition.Gid,
                r.Transaction.Definition.Created,
                Waiting.AttemptsOf(r.Transaction))),
        ];
    }

    /// <summary>
    /// Reads transactions as in a listing, in any order. Those that were deleted meanwhile are left out.
    /// </summary>
    async Task<IReadOnlyList<StoredTransaction>> LoadListed(
        IReadOnlyList<RankedRow> rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var found = new List<StoredTransaction>();
        foreach (var row in rows)
        {
            if (await Load(row.Gid, cancellationToken).ConfigureAwait(false) is { } stored)
            {
                found.Add(ListedRow.Of(stored));
            }
        }

        return found;
    }

    /// <summary>The number of unfinished transactions by type and status, for gauges.</summary>
    /// <param name="overdueBefore">Transactions due before this time count as overdue.</param>
    Task<IReadOnlyList<UnfinishedCount>> CountUnfinished(
        DateTimeOffset overdueBefore, CancellationToken cancellationToken);

    /// <summary>
    /// The number of unfinished transactions created before each of these times. Reads a row for each transaction.
    /// </summary>
    /// <param name="moments">At least one; the counts are in the same order.</param>
    Task<IReadOnlyList<long>> CountUnfinishedCreatedBefore(
        IReadOnlyList<DateTimeOffset> moments, CancellationToken cancellationToken);

    /// <summary>
    /// Reads rows by id, the oldest first, and deletes those that finished before <paramref name="finishedBefore"/> and
    /// have nothing pending (a notice may be). One short database transaction, so writes are hardly delayed.
    /// </summary>
    /// <param name="finishedBefore">
    /// Exclusive. A slice that only holds rows created at or after it ends the search; single rows from a wrong clock
    /// do not.
    /// </param>
    /// <param name="afterId">The last id of the previous slice; 0 = from the oldest.</param>
    /// <param name="limit">The maximum number of rows to read, deleted or not.</param>
    Task<RetentionSlice> DeleteFinished(
        DateTimeOffset finishedBefore, long afterId, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Throws if the store does not answer or accepts no writes; for readiness. May write a small item of its own.
    /// </summary>
    Task Ping(CancellationToken cancellationToken);

    /// <summary>
    /// The time of the database's clock, which all processes share; null = it has no clock of its own.
    /// </summary>
    Task<DateTimeOffset?> ReadClock(CancellationToken cancellationToken) => Task.FromResult<DateTimeOffset?>(null);

    /// <summary>
    /// The databases of this store, at least one; a store over one database is its only shard. Sweeps and retention
    /// work shard by shard, because ids and times are ordered within one shard only.
    /// </summary>
    IReadOnlyList<ITransactionStore> Shards => [this];
}

/// <param name="Deleted">The number of deleted transactions.</param>
/// <param name="LastId">The start of the next slice; 0 = this was the last one.</param>
public readonly record struct RetentionSlice(int Deleted, long LastId);

/// <summary>One guarded write.</summary>
/// <param name="Previous">The stored state as the caller knows it; null = insert.</param>
/// <param name="Next">The state to store; its version is the previous one plus 1, and 1 for an insert.</param>
/// <param name="Owner">The process with calls in flight; 0 = none.</param>
public sealed record TransactionWrite(Transaction? Previous, Transaction Next, long Owner);

/// <summary>The result of a write.</summary>
public enum WriteResult
{
    None = 0,

    /// <summary>It is durable.</summary>
    Written = 1,

    /// <summary>Nothing was written: the gid exists (insert), or has another version (update).</summary>
    Conflict = 2,
}

/// <param name="Id">
/// The store's own number, which grows with the time of insertion; listings page by it. At most 2^53.
/// </param>
/// <param name="Owner">See <see cref="TransactionWrite.Owner"/>.</param>
/// <param name="Transaction">The state.</param>
public sealed record StoredTransaction(long Id, long Owner, Transaction Transaction);

/// <param name="Id">See <see cref="StoredTransaction.Id"/>.</param>
/// <param name="Gid">The gid of the transaction.</param>
/// <param name="Due">The time it is due.</param>
public sealed record DueTransaction(long Id, string Gid, DateTimeOffset Due);

/// <param name="Status">The status.</param>
/// <param name="Count">The number of transactions.</param>
/// <param name="IsMinimum">True = there may be more; not all were read.</param>
public sealed record StatusCount(TransactionStatus Status, long Count, bool IsMinimum);

/// <param name="Id">See <see cref="StoredTransaction.Id"/>.</param>
/// <param name="Gid">The stored gid.</param>
/// <param name="Created">The time of creation.</param>
/// <param name="Attempts">See <see cref="Waiting.AttemptsOf"/>; 0 if it was not read.</param>
public sealed record RankedRow(long Id, string Gid, DateTimeOffset Created, int Attempts);

/// <param name="Type">The pattern.</param>
/// <param name="Status">prepared, submitted or aborting.</param>
/// <param name="Count">All of them.</param>
/// <param name="Overdue">Those among them that are overdue.</param>
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

/// <summary>The filter of a listing; null and default = any.</summary>
public sealed record TransactionFilter
{
    /// <summary>The stored gid, with its namespace; null = any.</summary>
    public string? Gid { get; init; }

    /// <summary>The namespace; empty = the default one, null = all, for the coordinator itself.</summary>
    public string? Namespace { get; init; }

    /// <summary>The gid starts with this text, bytewise and without its namespace; null = any.</summary>
    public string? GidPrefix { get; init; }

    /// <summary>The transaction has all these tags; empty = any.</summary>
    public IReadOnlyList<TagFilter> Tags { get; init; } = [];

    /// <summary>Only transactions that have not ended.</summary>
    public bool IsUnfinished { get; init; }

    public TransactionStatus Status { get; init; }

    public TransactionType Type { get; init; }

    /// <summary>Created at or after.</summary>
    public DateTimeOffset? CreatedFrom { get; init; }

    /// <summary>Created at or before.</summary>
    public DateTimeOffset? CreatedTo { get; init; }

    /// <summary>
    /// True = only unfinished transactions with a call that is put aside. Reads a row of each unfinished transaction.
    /// </summary>
    public bool Parked { get; init; }

    /// <summary>Due before this time; null = any.</summary>
    public DateTimeOffset? DueBefore { get; init; }

    /// <summary>The last id of the previous page: only smaller ids are returned; 0 = from the newest.</summary>
    public long BeforeId { get; init; }

    /// <summary>At most this many.</summary>
    public int Limit { get; init; } = 100;

    /// <summary><see cref="GidPrefix"/> as gids are stored; null = any.</summary>
    public string? StoredPrefix => GidPrefix is null ? null : Namespaces.Qualify(Namespace ?? "", GidPrefix);

    /// <summary>
    /// True if the rows of other namespaces are between those of the listing: no index of the other conditions has
    /// them.
    /// </summary>
    internal bool PassesOthers => Namespace is "" && Gid is null && GidPrefix is null && Tags.Count == 0;

    /// <summary>Returns true if the transaction matches; ids and the limit are not tested.</summary>
    public bool Matches(Transaction transaction)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        var definition = transaction.Definition;
        return (Gid is null || definition.Gid == Gid)
            && Namespaces.Contains(Namespace, definition.Gid)
            && (StoredPrefix is not { } prefix || definition.Gid.StartsWith(prefix, StringComparison.Ordinal))
            && (Status == default || transaction.Status == Status)
            && (Type == default || definition.Type == Type)
            && !(IsUnfinished && transaction.IsFinal)
            && (!Parked || transaction.IsParked)
            && (CreatedFrom is not { } from || definition.Created >= from)
            && (CreatedTo is not { } to || definition.Created <= to)
            && (DueBefore is not { } due || transaction.Due < due)
            && Tags.All(tag => tag.Matches(definition.Tags));
    }
}

/// <summary>A tag to search for.</summary>
/// <param name="Text">The tag as <see cref="TransactionTags.Text"/>, or with <paramref name="IsPrefix"/> its start,
/// which contains the whole key and the separator.</param>
/// <param name="IsPrefix">True = all values that start so.</param>
public sealed record TagFilter(string Text, bool IsPrefix)
{
    /// <summary>Returns true if the tags contain it.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> tags)
    {
        ArgumentNullException.ThrowIfNull(tags);
        var colon = Text.IndexOf(TransactionTags.Separator, StringComparison.Ordinal);
        return tags.TryGetValue(Text[..colon], out var value)
            && (IsPrefix
                ? value.AsSpan().StartsWith(Text.AsSpan(colon + 1), StringComparison.Ordinal)
                : value.AsSpan().SequenceEqual(Text.AsSpan(colon + 1)));
    }
}

/// <summary>The database cannot be reached, or did not confirm a commit.</summary>
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

/// <summary>
/// The database does not accept a write of this size. Nothing was stored, and a retry would fail too.
/// </summary>
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

/// <summary>Thrown if this program cannot use the schema of the database; the message contains the remedy.</summary>
public sealed class StoreSchemaException(string message) : Exception(message);

/// <summary>A part of a listing.</summary>
/// <param name="Rows">The newest first.</param>
/// <param name="EndedAt">
/// More than 0 = the search ended before it had found the limit, because it had read many rows: it continues below this
/// id. 0 = it continues below the last row; without rows there are no more.
/// </param>
public sealed record StorePage(IReadOnlyList<StoredTransaction> Rows, long EndedAt);

using System.Data.Common;
using System.Runtime.CompilerServices;
using OrleansDtm.Core;

namespace OrleansDtm.Storage.Databases;

public abstract partial class DatabaseTransactionStore
{
    private const string Columns = "t.id, t.owner, t.status, t.version, t.updated, t.finished, t.progress, b.body";

    private const string LoadSql =
        $"select {Columns} from dtm_transaction t join dtm_body b on b.transaction_id = t.id "
        + "where t.gid = @gid order by b.seq";

    private const string LoadByIdSql =
        $"select {Columns} from dtm_transaction t join dtm_body b on b.transaction_id = t.id "
        + "where t.id = @id order by b.seq";

    /// <summary>
    /// The bodies of a larger transaction are not part of a listing's query, in bytes. They are read one transaction
    /// after the other, so that a page is bounded in memory.
    /// </summary>
    private const int ListedBytesMax = 16 * 1024;

    /// <summary>A page ends after this many bytes were read, payloads included, so that it ends in time.</summary>
    private const long ReadBytesMax = 64 * 1024 * 1024;

    /// <summary>Rows that <see cref="FindWaiting"/> reads at once.</summary>
    private const int WaitingPage = 500;

    /// <inheritdoc/>
    public async Task<StoredTransaction?> Load(string gid, CancellationToken cancellationToken)
    {
        var found = await Read(
            LoadSql, [("@gid", _sql.Key(gid))], ReadTransactions, false, cancellationToken).ConfigureAwait(false);
        return found.Count > 0 ? found[0].Row : null;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DueTransaction>> FindDue(
        DateTimeOffset now, DueTransaction? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        var (due, id) = after is null ? (long.MinValue, 0) : (after.Due.ToUnixTimeMilliseconds(), after.Id);
        return await ReadRows(
            _sql.FindDue,
            [("@now", now.ToUnixTimeMilliseconds()), ("@due", due), ("@id", id), ("@limit", limit)],
            ReadDue,
            false,
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DueTransaction>> FindInterrupted(
        long owner, bool others, long afterId, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return await ReadRows(
            _sql.FindInterrupted(others),
            [("@owner", owner), ("@id", afterId), ("@limit", limit)],
            ReadDue,
            false,
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<DateTimeOffset?> ReadClock(CancellationToken cancellationToken)
    {
        if (_sql.Clock is not { } clock)
        {
            return null;
        }

        var read = await ReadRows(
            clock, [], static reader => reader.GetInt64(0), false, cancellationToken).ConfigureAwait(false);
        return DateTimeOffset.FromUnixTimeMilliseconds(read[0]);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DueTransaction>> FindWaiting(
        DateTimeOffset dueAfter, string? space, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        var found = new List<DueTransaction>();
        var (due, id) = (long.MaxValue, long.MaxValue);
        while (found.Count < limit)
        {
            // Only the progress says whether a row waits for a retry, so rows are read until there are enough.
            var page = await ReadRows(
                _sql.FindWaiting,
                [("@after", dueAfter.ToUnixTimeMilliseconds()), ("@due", due), ("@id", id), ("@limit", WaitingPage)],
                reader => (Row: ReadDue(reader), Waits: StoredRows.WaitsForRetry(reader.GetFieldValue<byte[]>(3))),
                isSlow: true,
                cancellationToken).ConfigureAwait(false);
            found.AddRange(page.Where(r => r.Waits && Namespaces.Contains(space, r.Row.Gid))
                .Select(static r => r.Row).Take(limit - found.Count));
            if (page.Count < WaitingPage)
            {
                break;
            }

            (due, id) = (page[^1].Row.Due.ToUnixTimeMilliseconds(), page[^1].Row.Id);
        }

        return found;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StoredTransaction>> List(
        TransactionFilter filter, CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await ListPage(filter, cancellationToken).ConfigureAwait(false);
            if (page.Rows.Count > 0 || page.EndedAt == 0)
            {
                return page.Rows;
            }

            filter = filter with { BeforeId = page.EndedAt };
        }
    }

    /// <inheritdoc/>
    public async Task<StorePage> ListPage(TransactionFilter filter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfNegative(filter.Limit);
        while (true)
        {
            var (found, endedAt) = await ReadPage(filter, cancellationToken).ConfigureAwait(false);
            var rows = await TransactionListing.Bounded(Complete(found, cancellationToken)).ConfigureAwait(false);
            if (rows.Count > 0 || found.Count == 0)
            {
                // With fewer rows the page was cut at its size: what was left out follows first.
                var isWhole = found.Count == 0 || rows[^1].Id == found[^1].Id;
                return new StorePage(rows, isWhole ? endedAt : 0);
            }

            filter = filter with { BeforeId = found[^1].Id }; // All of them were deleted in the meantime.
        }
    }

    /// <returns>The rows, and the id at which the search ended before it had the limit; 0 = it has.</returns>
    private async Task<(List<(long Id, StoredTransaction? Row)> Found, long EndedAt)> ReadPage(
        TransactionFilter filter, CancellationToken cancellationToken)
    {
        var (query, floor) = await Prepare(filter, oldestFirst: false, cancellationToken).ConfigureAwait(false);
        var (ids, parameters) = query.Ids(floor);
        var visible = filter.PassesOthers ? $"where {PageQuery.IsDefault("t.gid")}" : "";
        var found = await Read(
            RowsSql(ids, visible),
            filter.PassesOthers ? [.. parameters, .. OtherRange()] : parameters,
            ReadTransactions,
            isSlow: true,
            cancellationToken).ConfigureAwait(false);
        return (found, found.Count < filter.Limit ? floor : 0);
    }

    /// <summary>Chooses the index of a search, and the id at which it ends.</summary>
    private async Task<(PageQuery Query, long Floor)> Prepare(
        TransactionFilter filter, bool oldestFirst, CancellationToken cancellationToken)
    {
        var query = new PageQuery(_sql, filter) { OldestFirst = oldestFirst };
        foreach (var bound in query.Bounds)
        {
            var (count, counted) = query.Probe(bound);
            var counts = await ReadRows(
                count,
                counted,
                static reader => Enumerable.Range(0, reader.FieldCount).Select(reader.GetInt64).ToArray(),
                isSlow: true,
                cancellationToken).ConfigureAwait(false);
            if (query.Choose(bound, counts[0]))
            {
                break;
            }
        }

        var floor = 0L;
        if (query.Floor() is { } walk)
        {
            var last = await ReadRows(
                walk.Sql, walk.Parameters, static reader => reader.GetInt64(0), isSlow: true, cancellationToken)
                .ConfigureAwait(false);
            floor = last.FirstOrDefault();
        }

        return (query, floor);
    }

    /// <summary>
    /// The rows of ids, the greatest first. The innermost select reads ids only, so an index answers it; the outer ones
    /// read the rows of a single page. The second limit keeps SQLite and PostgreSQL from computing the sum once for
    /// each body.
    /// </summary>
    private string RowsSql(string ids, string visible) =>
        $"""
        select {Columns} from (
        select i.id, (select sum(length(s.body)) from dtm_body s where s.transaction_id = i.id) as bytes
        from ({ids}) i
        limit @limit) p
        {_sql.JoinTransactions("p.id", "t")}
        left join dtm_body b on b.transaction_id = t.id and p.bytes <= {ListedBytesMax}
        {visible}
        order by t.id desc, b.seq
        """;

    /// <inheritdoc/>
    public async Task<long> PassOthers(TransactionFilter filter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        if (!filter.PassesOthers || await HasNoOthers(cancellationToken).ConfigureAwait(false))
        {
            return 0;
        }

        var (sql, parameters) = new PageQuery(_sql, filter).FirstDefault();
        var read = await ReadRows(
            sql,
            [.. parameters, .. OtherRange()],
            static reader => (
                Count: reader.GetInt64(0),
                Last: reader.IsDBNull(1) ? 0 : reader.GetInt64(1),
                Next: reader.IsDBNull(2) ? 0 : reader.GetInt64(2)),
            isSlow: true,
            cancellationToken).ConfigureAwait(false);
        var (count, last, next) = read[0];
        return next > 0 ? next + 1 : count < filter.Limit ? 0 : last;
    }

    /// <summary>The gids of all namespaces but the default one are a range of their index.</summary>
    private async Task<bool> HasNoOthers(CancellationToken cancellationToken)
    {
        var read = await ReadRows(
            "select count(*) from (select 1 as x from dtm_transaction "
            + "where gid >= @other_from and gid < @other_to limit 1) m",
            OtherRange(),
            static reader => reader.GetInt64(0),
            isSlow: true,
            cancellationToken).ConfigureAwait(false);
        return read[0] == 0;
    }

    private (string Name, object Value)[] OtherRange() =>
    [
        ("@other_from", _sql.Key(Namespaces.Mark.ToString())),
        ("@other_to", _sql.Key(Namespaces.AfterMark.ToString())),
    ];

    /// <summary>Reads the transactions that the query of the page left out, one after the other.</summary>
    private async IAsyncEnumerable<StoredTransaction> Complete(
        List<(long Id, StoredTransaction? Row)> found,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var bytes = 0L;
        foreach (var (id, row) in found)
        {
            // Null if it was deleted in the meantime.
            if ((row ?? await LoadListed(id, cancellationToken).ConfigureAwait(false)) is { } stored)
            {
                yield return ListedRow.Of(stored);
                bytes += TransactionListing.SizeOf(stored.Transaction);
            }

            if (bytes >= ReadBytesMax)
            {
                break;
            }
        }
    }

    private async Task<StoredTransaction?> LoadListed(long id, CancellationToken cancellationToken)
    {
        var found = await Read(
            LoadByIdSql, [("@id", id)], ReadTransactions, isSlow: true, cancellationToken).ConfigureAwait(false);
        return found.Count > 0 ? found[0].Row : null;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<UnfinishedCount>> CountUnfinished(
        DateTimeOffset overdueBefore, CancellationToken cancellationToken)
    {
        var rows = await ReadRows(
            _sql.CountUnfinished,
            [("@before", CeilingMilliseconds(overdueBefore))],
            static reader => new UnfinishedCount(
                Names.Type(reader.GetString(0)),
                Names.Status(reader.GetString(1)),
                reader.GetInt64(2),
                reader.GetInt64(3)),
            isSlow: true,
            cancellationToken).ConfigureAwait(false);
        return UnfinishedCount.Sum(rows);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<long>> CountUnfinishedCreatedBefore(
        IReadOnlyList<DateTimeOffset> moments, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(moments);
        ArgumentOutOfRangeException.ThrowIfZero(moments.Count);
        var counts = Enumerable.Range(0, moments.Count)
            .Select(static i => $"count(case when created < @m{i} then 1 end)");
        var rows = await ReadRows(
            $"select {string.Join(", ", counts)} from dtm_transaction where {_sql.IsAnyUnfinished}",
            [.. moments.Select(static (moment, i) => ($"@m{i}", (object)CeilingMilliseconds(moment)))],
            reader => Enumerable.Range(0, moments.Count).Select(reader.GetInt64).ToArray(),
            isSlow: true,
            cancellationToken).ConfigureAwait(false);
        return rows[0];
    }

    /// <summary>Stored moments are whole milliseconds: those at or after a finer one start at the next.</summary>
    internal static long CeilingMilliseconds(DateTimeOffset moment) =>
        (moment.UtcTicks - DateTime.UnixEpoch.Ticks + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond;

    private DueTransaction ReadDue(DbDataReader reader) =>
        new(reader.GetInt64(0), _sql.ReadKey(reader, 1), DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(2)));

    /// <summary>
    /// A transaction has one row for each of its bodies; they follow each other. Null for one whose bodies the query
    /// left out.
    /// </summary>
    private static async Task<List<(long Id, StoredTransaction? Row)>> ReadTransactions(
        DbDataReader reader, CancellationToken cancellationToken)
    {
        var found = new List<(long Id, StoredTransaction? Row)>();
        var more = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        while (more)
        {
            var (id, owner) = (reader.GetInt64(0), reader.GetInt64(1));
            if (reader.IsDBNull(7))
            {
                found.Add((id, null));
                more = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                continue;
            }

            var bodies = new List<byte[]>(1);
            var row = new EncodedTransaction(
                reader.GetString(2),
                reader.GetInt64(3),
                reader.GetInt64(4),
                reader.IsDBNull(5) ? null : reader.GetInt64(5),
                reader.GetFieldValue<byte[]>(6),
                bodies);
            do
            {
                bodies.Add(reader.GetFieldValue<byte[]>(7));
                more = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            }
            while (more && reader.GetInt64(0) == id);
            found.Add((id, new StoredTransaction(id, owner, StoredRows.Decode(id, row))));
        }

        return found;
    }
}

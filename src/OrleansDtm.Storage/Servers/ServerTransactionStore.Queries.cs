using System.Data.Common;
using System.Text;
using OrleansDtm.Core;

namespace OrleansDtm.Storage.Servers;

public sealed partial class ServerTransactionStore
{
    private const string Columns = "t.id, t.owner, t.status, t.version, t.updated, t.finished, t.progress, b.body";

    private const string LoadSql =
        $"select {Columns} from dtm_transaction t join dtm_body b on b.transaction_id = t.id where t.gid = @gid order by b.seq";

    /// <summary>Rows of which <see cref="FindWaiting"/> reads the progress at once.</summary>
    private const int WaitingPage = 500;

    /// <inheritdoc/>
    public async Task<StoredTransaction?> Load(string gid, CancellationToken cancellationToken)
    {
        var found = await Read(LoadSql, [("@gid", _dialect.Key(gid))], ReadTransactions, cancellationToken).ConfigureAwait(false);
        return found.Count > 0 ? found[0] : null;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DueTransaction>> FindDue(
        DateTimeOffset now, DueTransaction? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        var (due, id) = after is null ? (long.MinValue, 0) : (after.Due.ToUnixTimeMilliseconds(), after.Id);
        return await Read(
            _dialect.FindDue,
            [("@now", now.ToUnixTimeMilliseconds()), ("@due", due), ("@id", id), ("@limit", limit)],
            ReadDue,
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DueTransaction>> FindInterrupted(
        long owner, bool others, long afterId, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return await Read(
            _dialect.FindInterrupted(others), [("@owner", owner), ("@id", afterId), ("@limit", limit)], ReadDue, cancellationToken)
            .ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<DateTimeOffset?> ReadClock(CancellationToken cancellationToken) => (await Read(
        _dialect.Clock, [], static (reader, _) => DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(0)), cancellationToken)
        .ConfigureAwait(false))[0];

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DueTransaction>> FindWaiting(DateTimeOffset dueAfter, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        var found = new List<DueTransaction>();
        var (due, id) = (long.MaxValue, long.MaxValue);
        while (found.Count < limit)
        {
            // The part of a row that changes says whether it waits for a retry: rows are read until enough of them do.
            var page = await ReadSlowly(
                _dialect.FindWaiting,
                [("@after", dueAfter.ToUnixTimeMilliseconds()), ("@due", due), ("@id", id), ("@limit", WaitingPage)],
                static (reader, dialect) => (Row: ReadDue(reader, dialect), Waits: StoredRows.WaitsForRetry(reader.GetFieldValue<byte[]>(3))),
                cancellationToken).ConfigureAwait(false);
            found.AddRange(page.Where(static r => r.Waits).Select(static r => r.Row).Take(limit - found.Count));
            if (page.Count < WaitingPage)
            {
                break;
            }

            (due, id) = (page[^1].Row.Due.ToUnixTimeMilliseconds(), page[^1].Row.Id);
        }

        return found;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StoredTransaction>> List(TransactionFilter filter, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(filter.Limit);
        var where = new StringBuilder("1 = 1");
        var parameters = new List<(string, object)> { ("@limit", filter.Limit) };
        void Add(bool asked, string condition, string name, Func<object> value)
        {
            if (asked)
            {
                where.Append(" and ").Append(condition);
                parameters.Add((name, value()));
            }
        }

        Add(filter.Gid is not null, "gid = @gid", "@gid", () => _dialect.Key(filter.Gid!));
        Add(filter.Type != TransactionType.None, "type = @type", "@type", () => Names.Of(filter.Type));
        Add(filter.CreatedFrom is not null, "created >= @from", "@from", () => CeilingMilliseconds(filter.CreatedFrom!.Value));
        Add(filter.CreatedTo is not null, "created <= @to", "@to", () => filter.CreatedTo!.Value.ToUnixTimeMilliseconds());
        Add(filter.BeforeId > 0, "id < @before", "@before", () => filter.BeforeId);
        if (filter.Status == TransactionStatus.Failed)
        {
            where.Append(" and ").Append(_dialect.IsFailed);
        }
        else
        {
            Add(filter.Status != TransactionStatus.None, "status = @status", "@status", () => Names.Of(filter.Status));
        }

        if (filter is { Type: not TransactionType.None, Status: TransactionStatus.Prepared or TransactionStatus.Submitted or TransactionStatus.Aborting })
        {
            // It says nothing new, but finds a few among a million others by an index.
            Add(true, _dialect.IsUnfinished, "@state", () => $"{Names.Of(filter.Type)} {Names.Of(filter.Status)}");
        }

        // The inner select wants ids alone, so that an index answers it and only a page of rows is read.
        var found = await ReadSlowly(
            $"""
            select {Columns} from (select id from dtm_transaction where {where} order by id desc limit @limit) p
            join dtm_transaction t on t.id = p.id join dtm_body b on b.transaction_id = t.id order by t.id desc, b.seq
            """,
            [.. parameters],
            ReadTransactions,
            cancellationToken).ConfigureAwait(false);
        return [.. found.Select(ListedRow.Of)];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<UnfinishedCount>> CountUnfinished(DateTimeOffset overdueBefore, CancellationToken cancellationToken)
    {
        var rows = await ReadSlowly(
            _dialect.CountUnfinished,
            [("@before", CeilingMilliseconds(overdueBefore))],
            static (reader, _) => new UnfinishedCount(
                Names.Type(reader.GetString(0)), Names.Status(reader.GetString(1)), reader.GetInt64(2), reader.GetInt64(3)),
            cancellationToken).ConfigureAwait(false);
        return
        [
            .. from row in rows
               group row by (row.Type, row.Status) into same
               let all = same.Sum(static r => r.Count)
               select new UnfinishedCount(same.Key.Type, same.Key.Status, all, same.Sum(static r => r.Overdue)),
        ];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<long>> CountUnfinishedCreatedBefore(
        IReadOnlyList<DateTimeOffset> moments, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(moments);
        ArgumentOutOfRangeException.ThrowIfZero(moments.Count);
        var counts = Enumerable.Range(0, moments.Count).Select(static i => $"count(case when created < @m{i} then 1 end)");
        var rows = await ReadSlowly(
            $"select {string.Join(", ", counts)} from dtm_transaction where {_dialect.IsAnyUnfinished}",
            [.. moments.Select(static (moment, i) => ($"@m{i}", (object)CeilingMilliseconds(moment)))],
            (reader, _) => Enumerable.Range(0, moments.Count).Select(reader.GetInt64).ToArray(),
            cancellationToken).ConfigureAwait(false);
        return rows[0];
    }

    /// <inheritdoc/>
    public async Task Ping(CancellationToken cancellationToken)
    {
        await Read("select max(version) from dtm_schema", [], static (reader, _) => reader.GetInt64(0), cancellationToken).ConfigureAwait(false);
        if (_check is not null)
        {
            await _check.Run(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Stored moments are whole milliseconds: those at or after a finer one begin at the next.</summary>
    private static long CeilingMilliseconds(DateTimeOffset moment) =>
        (moment.UtcTicks - DateTime.UnixEpoch.Ticks + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond;

    private static DueTransaction ReadDue(DbDataReader reader, ServerDialect dialect) =>
        new(reader.GetInt64(0), dialect.ReadKey(reader, 1), DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(2)));

    /// <summary>Rows of one transaction follow each other: one for each of its bodies.</summary>
    private static async Task<List<StoredTransaction>> ReadTransactions(DbDataReader reader, CancellationToken cancellationToken)
    {
        var found = new List<StoredTransaction>();
        var more = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        while (more)
        {
            var (id, owner) = (reader.GetInt64(0), reader.GetInt64(1));
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
            found.Add(new StoredTransaction(id, owner, StoredRows.Decode(id, row)));
        }

        return found;
    }
}

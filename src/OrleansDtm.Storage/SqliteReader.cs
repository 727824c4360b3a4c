using System.Text;
using Microsoft.Data.Sqlite;
using OrleansDtm.Core;

namespace OrleansDtm.Storage;

/// <summary>A reading connection with its statements. Used by one caller at a time.</summary>
/// <param name="connection">Disposed with this.</param>
internal sealed class SqliteReader(SqliteConnection connection) : IDisposable
{
    private const string Columns =
        "t.id, t.owner, t.status, t.version, t.updated, t.finished, t.progress, b.body";

    /// <summary>By text. Their number is bounded: a listing has 2^5 shapes, times the spellings of a status.</summary>
    private readonly Dictionary<string, SqliteCommand> _commands = [];

    public StoredTransaction? Load(string gid)
    {
        var command = Command(
            $"""
            select {Columns} from dtm_transaction t join dtm_body b on b.transaction_id = t.id
            where t.gid = @gid order by b.seq;
            """);
        Set(command, "@gid", gid);
        return ReadTransactions(command).FirstOrDefault();
    }

    public List<DueTransaction> FindDue(long now, long afterDue, long afterId, int limit)
    {
        var command = Command(
            """
            select id, gid, due from dtm_transaction
            where due <= @now and (due, id) > (@afterDue, @afterId) order by due, id limit @limit;
            """);
        Set(command, "@now", now);
        Set(command, "@afterDue", afterDue);
        Set(command, "@afterId", afterId);
        Set(command, "@limit", limit);
        return ReadDue(command);
    }

    public List<DueTransaction> FindInterrupted(long owner, bool others, long afterId, int limit)
    {
        // What is under way has a due moment, the end of its lease; without one an owner is only the last one's name.
        var command = Command(
            $"""
            select id, gid, due from dtm_transaction
            where owner <> 0 and owner {(others ? "<>" : "=")} @owner and id > @afterId and due is not null order by id limit @limit;
            """);
        Set(command, "@owner", owner);
        Set(command, "@afterId", afterId);
        Set(command, "@limit", limit);
        return ReadDue(command);
    }

    /// <summary>The part of a row that changes says whether it waits for a retry: rows are read until enough of them do.</summary>
    public List<DueTransaction> FindWaiting(long dueAfter, int limit)
    {
        var command = Command(
            "select id, gid, due, progress from dtm_transaction where due > @dueAfter and finished is null order by due desc, id desc;");
        Set(command, "@dueAfter", dueAfter);
        using var reader = command.ExecuteReader();
        var found = new List<DueTransaction>();
        while (found.Count < limit && reader.Read())
        {
            if (StoredRows.WaitsForRetry(reader.GetFieldValue<byte[]>(3)))
            {
                found.Add(ReadDue(reader));
            }
        }

        return found;
    }

    /// <summary>Each count reads one index and no row.</summary>
    internal const string CountSql =
        """
        select a.type, a.status, a.n, coalesce(o.n, 0) from
            (select type, status, count(*) n from dtm_transaction
             where status not in ('succeed', 'failed') group by type, status) a
        left join
            (select type, status, count(*) n from dtm_transaction indexed by dtm_transaction_due
             where due < @before and status not in ('succeed', 'failed') group by type, status) o
        on o.type = a.type and o.status = a.status;
        """;

    public List<UnfinishedCount> CountUnfinished(DateTimeOffset overdueBefore)
    {
        var command = Command(CountSql);
        Set(command, "@before", CeilingMilliseconds(overdueBefore));
        using var reader = command.ExecuteReader();
        var counts = new List<UnfinishedCount>();
        while (reader.Read())
        {
            var (type, status) = (Names.Type(reader.GetString(0)), Names.Status(reader.GetString(1)));
            counts.Add(new UnfinishedCount(type, status, reader.GetInt64(2), reader.GetInt64(3)));
        }

        return counts;
    }

    public long[] CountUnfinishedCreatedBefore(IReadOnlyList<DateTimeOffset> moments)
    {
        var counts = Enumerable.Range(0, moments.Count).Select(static i => $"count(case when created < @m{i} then 1 end)");
        var command = Command(
            $"select {string.Join(", ", counts)} from dtm_transaction where status not in ('succeed', 'failed');");
        for (var i = 0; i < moments.Count; i++)
        {
            Set(command, $"@m{i}", CeilingMilliseconds(moments[i]));
        }

        using var reader = command.ExecuteReader();
        reader.Read();
        return [.. Enumerable.Range(0, moments.Count).Select(reader.GetInt64)];
    }

    /// <summary>Ids to delete among the next <paramref name="limit"/> rows, and where to continue; 0 = nowhere.</summary>
    public (List<long> Ids, long LastId) FindFinished(long before, long afterId, int limit)
    {
        var command = Command(
            "select id, created, due, finished from dtm_transaction where id > @afterId order by id limit @limit;");
        Set(command, "@afterId", afterId);
        Set(command, "@limit", limit);
        using var reader = command.ExecuteReader();
        var (ids, lastId, seen, old) = (new List<long>(), 0L, 0, 0);
        for (; reader.Read(); seen++)
        {
            lastId = reader.GetInt64(0);
            old += reader.GetInt64(1) < before ? 1 : 0;
            if (reader.IsDBNull(2) && !reader.IsDBNull(3) && reader.GetInt64(3) < before)
            {
                ids.Add(lastId);
            }
        }

        return (ids, seen < limit || old == 0 ? 0 : lastId);
    }

    public KeyValueItem? Get(string category, string key)
    {
        var command = Command("select id, cat, k, v, version, created, updated from dtm_kv where cat = @category and k = @key;");
        Set(command, "@category", category);
        Set(command, "@key", key);
        return ReadItems(command).FirstOrDefault();
    }

    public List<KeyValueItem> Scan(string category, long beforeId, int limit)
    {
        var command = Command(
            """
            select id, cat, k, v, version, created, updated from dtm_kv
            where cat = @category and id < @before order by id desc limit @limit;
            """);
        Set(command, "@category", category);
        Set(command, "@before", beforeId > 0 ? beforeId : long.MaxValue);
        Set(command, "@limit", limit);
        return ReadItems(command);
    }

    public List<StoredTransaction> List(TransactionFilter filter)
    {
        var where = new StringBuilder("1 = 1");
        Add(filter.Gid is not null, "gid = @gid");
        Add(filter.Status != TransactionStatus.None, "status = @status");
        Add(filter.Type != TransactionType.None, "type = @type");
        Add(filter.CreatedFrom is not null, "created >= @from");
        Add(filter.CreatedTo is not null, "created <= @to");
        Add(filter.BeforeId > 0, "id < @before");
        if (filter.Status == TransactionStatus.Failed)
        {
            where.Replace("@status", "'failed'"); // Only as a literal can it be seen to match the partial index.
        }

        if (filter is { Type: not TransactionType.None, Status: TransactionStatus.Prepared or TransactionStatus.Submitted or TransactionStatus.Aborting })
        {
            where.Append(" and status not in ('succeed', 'failed')"); // It says nothing new, but lets the index of the unfinished be seen.
        }

        // The inner select wants ids alone, so that an index answers it and only a page of rows is read.
        var command = Command(
            $"""
            select {Columns} from (select id from dtm_transaction where {where} order by id desc limit @limit) p
            cross join dtm_transaction t on t.id = p.id cross join dtm_body b on b.transaction_id = t.id
            order by t.id desc, b.seq;
            """);
        Set(command, "@gid", filter.Gid);
        Set(command, "@status", filter.Status == TransactionStatus.None ? null : Names.Of(filter.Status));
        Set(command, "@type", filter.Type == TransactionType.None ? null : Names.Of(filter.Type));
        Set(command, "@from", CeilingMilliseconds(filter.CreatedFrom));
        Set(command, "@to", filter.CreatedTo?.ToUnixTimeMilliseconds());
        Set(command, "@before", filter.BeforeId);
        Set(command, "@limit", filter.Limit);
        return [.. ReadTransactions(command).Select(ListedRow.Of)];

        void Add(bool asked, string condition)
        {
            if (asked)
            {
                where.Append(" and ").Append(condition);
            }
        }
    }

    public object? Ping() => Command("select max(version) from dtm_schema;").ExecuteScalar();

    public void Dispose()
    {
        foreach (var command in _commands.Values)
        {
            command.Dispose();
        }

        connection.Dispose();
    }

    /// <summary>Stored moments are whole milliseconds: those at or after a finer one begin at the next.</summary>
    private static long? CeilingMilliseconds(DateTimeOffset? moment) =>
        (moment?.UtcTicks - DateTime.UnixEpoch.Ticks + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond;

    private static List<DueTransaction> ReadDue(SqliteCommand command)
    {
        using var reader = command.ExecuteReader();
        var found = new List<DueTransaction>();
        while (reader.Read())
        {
            found.Add(ReadDue(reader));
        }

        return found;
    }

    private static DueTransaction ReadDue(SqliteDataReader reader) =>
        new(reader.GetInt64(0), reader.GetString(1), DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(2)));

    private static List<KeyValueItem> ReadItems(SqliteCommand command)
    {
        using var reader = command.ExecuteReader();
        var items = new List<KeyValueItem>();
        while (reader.Read())
        {
            items.Add(new KeyValueItem(
                reader.GetInt64(0),
                reader.GetString(1),
                reader.GetString(2),
                reader.GetString(3),
                reader.GetInt64(4),
                DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(5)),
                DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(6))));
        }

        return items;
    }

    /// <summary>Rows of one transaction follow each other: one for each of its bodies.</summary>
    private static IEnumerable<StoredTransaction> ReadTransactions(SqliteCommand command)
    {
        using var reader = command.ExecuteReader();
        var more = reader.Read();
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
                more = reader.Read();
            }
            while (more && reader.GetInt64(0) == id);
            yield return new StoredTransaction(id, owner, StoredRows.Decode(id, row));
        }
    }

    private static void Set(SqliteCommand command, string name, object? value)
    {
        if (command.Parameters.IndexOf(name) is var index && index >= 0)
        {
            command.Parameters[index].Value = value ?? DBNull.Value;
        }
    }

    private SqliteCommand Command(string sql)
    {
        if (!_commands.TryGetValue(sql, out var command))
        {
            command = connection.CreateCommand();
            command.CommandText = sql;
            foreach (var name in ParameterNames(sql))
            {
                command.Parameters.Add(new SqliteParameter(name, null));
            }

            _commands.Add(sql, command);
        }

        return command;
    }

    private static IEnumerable<string> ParameterNames(string sql)
    {
        for (var at = sql.IndexOf('@', StringComparison.Ordinal); at >= 0; at = sql.IndexOf('@', at + 1))
        {
            var end = at + 1;
            while (end < sql.Length && char.IsAsciiLetterOrDigit(sql[end]))
            {
                end++;
            }

            yield return sql[at..end];
        }
    }
}

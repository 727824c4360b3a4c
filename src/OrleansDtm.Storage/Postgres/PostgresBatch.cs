using Npgsql;
using OrleansDtm.Core;
using OrleansDtm.Storage.Servers;

namespace OrleansDtm.Storage.Postgres;

/// <summary>
/// A commit as a few statements that are sent together. Columns are arrays, so the text never changes and stays
/// prepared. Each statement returns the rows that it wrote; a row that another process has changed is left out, and the
/// others are committed.
/// </summary>
internal sealed class PostgresBatch(NpgsqlConnection connection, CommitLimits limits) : IDisposable
{
    /// <summary>
    /// Ids are drawn first, so that the body knows its row's. "is true" keeps the subquery from becoming a join.
    /// </summary>
    private const string InsertSql =
        $"""
        with x as materialized (
            select nextval('dtm_transaction_id_seq') as id, * from unnest({InsertArrays}) with ordinality
                as u (gid, type, status, version, owner, due, created, updated, finished, progress, body, n)
        ), {InsertRows}
        select n from x where (id in (select id from i)) is true
        """;

    /// <summary>
    /// The same with tags, as a list for each row. Lists need no join, which would be a loop within a loop here.
    /// </summary>
    private const string InsertTaggedSql =
        $"""
        with x as materialized (
            select nextval('dtm_transaction_id_seq') as id, * from unnest({InsertArrays}, $12::text[]) with ordinality
                as u (gid, type, status, version, owner, due, created, updated, finished, progress, body, tags, n)
        ), {InsertRows}, g as (
            insert into dtm_tag (transaction_id, tag)
            select x.id, a.tag from x cross join lateral unnest(string_to_array(x.tags, ',')) as a (tag)
            where (x.id in (select id from i)) is true
        )
        select n from x where (id in (select id from i)) is true
        """;

    private const string InsertArrays =
        """
        $1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
                $9::bigint[], $10::bytea[], $11::bytea[]
        """;

    private const string InsertRows =
        """
        i as (
            insert into dtm_transaction
                (id, gid, type, status, version, owner, due, created, updated, finished, progress)
            select id, gid, type, status, version, owner, due, created, updated, finished, progress from x order by n
            on conflict (gid) do nothing returning id
        ), b as (
            insert into dtm_body (transaction_id, seq, body)
            select id, 0, body from x where (id in (select id from i)) is true
        )
        """;

    private const string UpdateSql =
        """
        with u as (
            update dtm_transaction t
            set status = x.status, version = x.expected + 1, owner = x.owner, due = x.due, updated = x.updated,
                finished = x.finished, progress = x.progress
            from unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                $8::bytea[], $9::bytea[]) with ordinality
                as x (gid, expected, status, owner, due, updated, finished, progress, body, n)
            where t.gid = x.gid and t.version = x.expected
            returning t.id, t.version, x.body, x.n
        ), b as (
            insert into dtm_body (transaction_id, seq, body) select id, version, body from u where body is not null
        )
        select n from u
        """;

    /// <summary>The same with tags to add and to remove. No tag of a transaction is in both lists.</summary>
    private const string UpdateTaggedSql =
        """
        with u as (
            update dtm_transaction t
            set status = x.status, version = x.expected + 1, owner = x.owner, due = x.due, updated = x.updated,
                finished = x.finished, progress = x.progress
            from unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                $8::bytea[], $9::bytea[], $10::text[], $11::text[]) with ordinality
                as x (gid, expected, status, owner, due, updated, finished, progress, body, added, removed, n)
            where t.gid = x.gid and t.version = x.expected
            returning t.id, t.version, x.body, x.added, x.removed, x.n
        ), b as (
            insert into dtm_body (transaction_id, seq, body) select id, version, body from u where body is not null
        ), g as (
            insert into dtm_tag (transaction_id, tag)
            select u.id, a.tag from u cross join lateral unnest(string_to_array(u.added, ',')) as a (tag)
        ), d as (
            delete from dtm_tag g using
                (select u.id, a.tag from u cross join lateral unnest(string_to_array(u.removed, ',')) as a (tag)) r
            where g.transaction_id = r.id and g.tag = r.tag
        )
        select n from u
        """;

    private readonly NpgsqlBatch _batch = new(connection) { Timeout = limits.Seconds };

    /// <summary>The writes of each statement that returns rows.</summary>
    private readonly List<List<PlacedWrite>> _asked = [];

    /// <summary>
    /// The settings of the transaction, whatever the server, the database, the role or a previous user of a pooled
    /// session have set. Rows must be looked up by key in the order of the list, also if the plan was made for a small
    /// table. The lock timeout must be shorter than the command timeout, or the connection would be lost. A
    /// synchronous_commit for replicas is stricter than on, and stays.
    /// </summary>
    private readonly string _settings =
        $"""
        select set_config('lock_timeout', '{Math.Max(1000, (int)limits.Timeout.TotalMilliseconds / 3)}', true),
            set_config('statement_timeout', '{limits.Seconds * 1000}', true),
            set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
            set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
            set_config('synchronous_commit', coalesce(nullif(current_setting('synchronous_commit'), 'off'), 'on'), true)
        """;

    public void Commit(IEnumerable<List<PlacedWrite>> rounds, WriteResult[] results)
    {
        _batch.BatchCommands.Add(new NpgsqlBatchCommand("begin isolation level read committed"));
        _batch.BatchCommands.Add(new NpgsqlBatchCommand(_settings));
        foreach (var round in rounds)
        {
            Add(round.FindAll(static w => w.Write is { IsInsert: true, HasTags: false }), Insert);
            Add(round.FindAll(static w => w.Write is { IsInsert: true, HasTags: true }), InsertTagged);
            Add(round.FindAll(static w => w.Write is { IsInsert: false, HasTags: false }), Update);
            Add(round.FindAll(static w => w.Write is { IsInsert: false, HasTags: true }), UpdateTagged);
        }

        _batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        Array.Fill(results, WriteResult.Conflict);
        using var reader = _batch.ExecuteReader();
        reader.NextResult(); // The result of the settings; begin and commit have none.
        foreach (var writes in _asked)
        {
            while (reader.Read())
            {
                results[writes[(int)reader.GetInt64(0) - 1].Place] = WriteResult.Written;
            }

            reader.NextResult();
        }
    }

    public void Dispose() => _batch.Dispose();

    private static NpgsqlBatchCommand InsertTagged(List<PlacedWrite> writes)
    {
        var command = Insert(writes);
        command.CommandText = InsertTaggedSql;
        command.Parameters.Add(Column(writes, static w => List(w.AddedTags)));
        return command;
    }

    private static NpgsqlBatchCommand UpdateTagged(List<PlacedWrite> writes)
    {
        var command = Update(writes);
        command.CommandText = UpdateTaggedSql;
        command.Parameters.Add(Column(writes, static w => List(w.AddedTags)));
        command.Parameters.Add(Column(writes, static w => List(w.RemovedTags)));
        return command;
    }

    /// <summary>No tag contains the separator.</summary>
    private static string List(IReadOnlyList<string> tags) => string.Join(TransactionTags.ListSeparator, tags);

    private static NpgsqlBatchCommand Insert(List<PlacedWrite> writes) => new(InsertSql)
    {
        Parameters =
        {
            Column(writes, static w => w.Gid),
            Column(writes, static w => w.Type),
            Column(writes, static w => w.Status),
            Column(writes, static w => w.Version),
            Column(writes, static w => w.Owner),
            Column(writes, static w => w.Due),
            Column(writes, static w => w.Created),
            Column(writes, static w => w.Updated),
            Column(writes, static w => w.Finished),
            Column(writes, static w => w.Progress),
            Column(writes, static w => w.Body!),
        },
    };

    private static NpgsqlBatchCommand Update(List<PlacedWrite> writes) => new(UpdateSql)
    {
        Parameters =
        {
            Column(writes, static w => w.Gid),
            Column(writes, static w => w.ExpectedVersion),
            Column(writes, static w => w.Status),
            Column(writes, static w => w.Owner),
            Column(writes, static w => w.Due),
            Column(writes, static w => w.Updated),
            Column(writes, static w => w.Finished),
            Column(writes, static w => w.Progress),
            Column(writes, static w => w.Body),
        },
    };

    private static NpgsqlParameter<T[]> Column<T>(List<PlacedWrite> writes, Func<EncodedWrite, T> value)
    {
        var column = new T[writes.Count];
        for (var i = 0; i < column.Length; i++)
        {
            column[i] = value(writes[i].Write);
        }

        return new NpgsqlParameter<T[]> { TypedValue = column };
    }

    private void Add(List<PlacedWrite> writes, Func<List<PlacedWrite>, NpgsqlBatchCommand> statement)
    {
        if (writes.Count > 0)
        {
            _batch.BatchCommands.Add(statement(writes));
            _asked.Add(writes);
        }
    }
}

using System.Globalization;
using System.Text;
using MySqlConnector;
using OrleansDtm.Storage.Servers;

namespace OrleansDtm.Storage.MySql;

/// <summary>
/// The statements of a commit as one command. Numbers and our own words are part of its text, everything else is a
/// parameter. Parameters are positional: looking up thousands of names is measurably slow.
/// </summary>
internal sealed class MySqlBatch
{
    /// <summary>
    /// The greatest bigint: one more is an "out of range" error, which undoes the commit. Outside of procedures there
    /// is no cheaper way to raise an error.
    /// </summary>
    private const string Last = "9223372036854775807";

    private const string UpdateIfExpected =
        "on duplicate key update version=if(version=values(version)-1,values(version)," + Last + "+version),"
        + "status=values(status),state=values(state),owner=values(owner),due=values(due),updated=values(updated),"
        + "finished=values(finished),progress=values(progress)";

    private readonly StringBuilder _sql = new();
    private readonly MySqlCommand _command;
    private readonly Dictionary<string, LockedRow> _locked;
    private readonly MySqlRowIds _ids;

    private MySqlBatch(
        MySqlConnection connection, CommitLimits limits, Dictionary<string, LockedRow> locked, MySqlRowIds ids)
    {
        _command = connection.CreateCommand();
        _command.CommandTimeout = limits.Seconds;
        _locked = locked;
        _ids = ids;
    }

    /// <param name="ids">The ids known from previous commits; this one adds to them.</param>
    /// <param name="isCareful">
    /// After a surprise: also look up the gids to insert, and make no optimistic assumption.
    /// </param>
    public static void Commit(
        MySqlConnection connection,
        IReadOnlyList<PlacedWrite> sorted,
        WriteResult[] results,
        CommitLimits limits,
        MySqlRowIds ids,
        bool isCareful)
    {
        if (!isCareful && ids.KnowsAll(sorted) && WriteRounds.IsOne(sorted, limits.CommandBytes))
        {
            CommitAtOnce(connection, sorted, limits, ids);
            Array.Fill(results, WriteResult.Written);
        }
        else
        {
            CommitLocked(connection, sorted, results, limits, ids, isCareful);
        }

        ids.Forget(sorted);
    }

    /// <summary>
    /// One round trip, which assumes that every write succeeds. That is nearly always so, because a transaction has one
    /// owner. Otherwise a statement before the commit fails, and the batch is repeated the other way.
    /// </summary>
    private static void CommitAtOnce(
        MySqlConnection connection, IReadOnlyList<PlacedWrite> sorted, CommitLimits limits, MySqlRowIds ids)
    {
        var batch = new MySqlBatch(connection, limits, [], ids);
        var inserts = Writes(sorted, static w => w.IsInsert);
        batch.Insert(inserts, isCareful: false);
        batch.UpdateUnlocked(Writes(sorted, static w => !w.IsInsert));
        batch.Bodies(
            Writes(sorted, static w => !w.IsInsert && w.Body is not null),
            write => batch._sql.Append(ids.Find(write.Gid)));
        batch.Tags(
            Writes(sorted, static w => w is { IsInsert: false, HasTags: true }),
            write => batch._sql.Append(ids.Find(write.Gid)));
        batch._sql.Append("commit");
        batch.Execute(inserts);
    }

    /// <summary>
    /// Two round trips: the first locks the rows and shows which writes will succeed, the second makes those and
    /// commits. An update joined with a list of rows would need one, but the server turns the list into a table, which
    /// costs more.
    /// </summary>
    private static void CommitLocked(
        MySqlConnection connection,
        IReadOnlyList<PlacedWrite> sorted,
        WriteResult[] results,
        CommitLimits limits,
        MySqlRowIds ids,
        bool isCareful)
    {
        var locked = Lock(connection, sorted, limits, isCareful);
        var winners = new List<PlacedWrite>(sorted.Count);
        var written = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var placed in sorted)
        {
            var write = placed.Write;
            var version = written.TryGetValue(write.Gid, out var mine)
                ? mine
                : locked.GetValueOrDefault(write.Gid).Version;
            var isWinner = version == write.ExpectedVersion;
            results[placed.Place] = isWinner ? WriteResult.Written : WriteResult.Conflict;
            if (isWinner)
            {
                written[write.Gid] = write.Version;
                winners.Add(placed);
            }
        }

        foreach (var (gid, row) in locked)
        {
            ids.Learn(gid, row.Id);
        }

        var batch = new MySqlBatch(connection, limits, locked, ids);
        var isFirst = true;
        List<EncodedWrite> inserts = [];
        foreach (var round in WriteRounds.Cut(winners, limits.CommandBytes))
        {
            if (!isFirst)
            {
                batch.Execute(inserts);
                batch = new MySqlBatch(connection, limits, locked, ids);
            }

            isFirst = false;
            inserts = Writes(round, static w => w.IsInsert);
            batch.Add(round.ConvertAll(static w => w.Write), inserts, isCareful);
            if (isCareful)
            {
                inserts = [];
            }
        }

        batch._sql.Append("commit");
        batch.Execute(inserts);
    }

    /// <summary>
    /// Starts the transaction and locks the existing rows. A missing gid may still appear; its insert fails then.
    /// </summary>
    private static Dictionary<string, LockedRow> Lock(
        MySqlConnection connection, IReadOnlyList<PlacedWrite> sorted, CommitLimits limits, bool isCareful)
    {
        using var command = connection.CreateCommand();
        command.CommandTimeout = limits.Seconds;
        var sql = new StringBuilder("start transaction;select id,gid,version from dtm_transaction where gid in (");
        foreach (var placed in sorted)
        {
            if (isCareful || !placed.Write.IsInsert)
            {
                sql.Append("?,");
                command.Parameters.Add(new MySqlParameter { Value = Encoding.UTF8.GetBytes(placed.Write.Gid) });
            }
        }

        var rows = new Dictionary<string, LockedRow>(command.Parameters.Count, StringComparer.Ordinal);
        if (command.Parameters.Count == 0)
        {
            command.CommandText = "start transaction";
            command.ExecuteNonQuery();
            return rows;
        }

        sql[^1] = ')';
        command.CommandText = sql.Append(" order by gid for update").ToString();
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var gid = Encoding.UTF8.GetString(reader.GetFieldValue<byte[]>(1));
            rows.Add(gid, new LockedRow(reader.GetInt64(0), reader.GetInt64(2)));
        }

        return rows;
    }

    private static List<EncodedWrite> Writes(IReadOnlyList<PlacedWrite> sorted, Predicate<EncodedWrite> which)
    {
        var found = new List<EncodedWrite>(sorted.Count);
        foreach (var placed in sorted)
        {
            if (which(placed.Write))
            {
                found.Add(placed.Write);
            }
        }

        return found;
    }

    private void Add(List<EncodedWrite> writes, List<EncodedWrite> inserts, bool isCareful)
    {
        Insert(inserts, isCareful);
        Update(writes.FindAll(w => !w.IsInsert && _locked.ContainsKey(w.Gid)));
        UpdateInserted(writes.FindAll(w => !w.IsInsert && !_locked.ContainsKey(w.Gid)));
        Bodies(writes.FindAll(static w => !w.IsInsert && w.Body is not null), AppendId);
        Tags(writes.FindAll(static w => w is { IsInsert: false, HasTags: true }), AppendId);
    }

    /// <param name="inserts">
    /// The inserted rows: the first result has the id of the last one and the step between two ids. May be empty.
    /// </param>
    private void Execute(List<EncodedWrite> inserts)
    {
        using (_command)
        {
            _command.CommandText = _sql.ToString();
            using var reader = _command.ExecuteReader();
            var (last, step) = (0L, 0L);
            if (inserts.Count > 0)
            {
                (last, step) = reader.Read()
                    ? (reader.GetInt64(0), reader.GetInt64(1))
                    : throw new InvalidOperationException("The server does not show the row that it has inserted.");
            }

            while (reader.NextResult())
            {
                // To the end: an error after the first result, also of the commit, shows here.
            }

            for (var i = 0; i < inserts.Count; i++)
            {
                _ids.Learn(inserts[i].Gid, last - ((inserts.Count - 1 - i) * step));
            }
        }
    }

    private void Insert(List<EncodedWrite> writes, bool isCareful)
    {
        if (writes.Count == 0)
        {
            return;
        }

        _sql.Append("insert into dtm_transaction "
            + "(gid,type,status,state,version,owner,due,created,updated,finished,progress) values ");
        foreach (var write in writes)
        {
            _sql.Append("(?");
            AppendRow(write);
        }

        EndList();
        if (isCareful)
        {
            Bodies(writes, AppendId);
            Tags(writes.FindAll(static w => w.HasTags), AppendId);
            return;
        }

        var place = 0;
        Bodies(writes, _ => AppendNew(place++));
        InsertTags(writes);

        // The manual says that the ids of one insert are consecutive. If the last id is right, all are; otherwise this
        // statement fails.
        _sql.Append("select id,@@auto_increment_increment," + Last + "+(id<>last_insert_id()+").Append(writes.Count - 1)
            .Append("*@@auto_increment_increment) from dtm_transaction where gid=?;");
        Parameter(Encoding.UTF8.GetBytes(writes[^1].Gid));
    }

    /// <summary>The id of an inserted row, by its place in the insert.</summary>
    private void AppendNew(int place) =>
        _sql.Append("last_insert_id()+").Append(place).Append("*@@auto_increment_increment");

    /// <summary>The tags of inserted rows.</summary>
    private void InsertTags(List<EncodedWrite> writes)
    {
        var isFirst = true;
        for (var place = 0; place < writes.Count; place++)
        {
            var at = place;
            foreach (var tag in writes[place].AddedTags)
            {
                AddTag(tag, () => AppendNew(at), isFirst);
                isFirst = false;
            }
        }

        if (!isFirst)
        {
            EndList();
        }
    }

    /// <summary>Replaces tags one transaction after the other: a submit rarely has others than its prepare.</summary>
    private void Tags(List<EncodedWrite> writes, Action<EncodedWrite> appendId)
    {
        foreach (var write in writes)
        {
            foreach (var tag in write.RemovedTags)
            {
                _sql.Append("delete from dtm_tag where transaction_id=");
                appendId(write);
                _sql.Append(" and tag=?;");
                Parameter(Encoding.UTF8.GetBytes(tag));
            }

            foreach (var tag in write.AddedTags)
            {
                AddTag(tag, () => appendId(write), isFirst: true);
                EndList();
            }
        }
    }

    private void AddTag(string tag, Action appendId, bool isFirst)
    {
        _sql.Append(isFirst ? "insert into dtm_tag (transaction_id,tag) values (" : "(");
        appendId();
        _sql.Append(",?),");
        Parameter(Encoding.UTF8.GetBytes(tag));
    }

    /// <summary>
    /// Each row exists and is locked, so none is inserted. This is the only statement that takes new values for many
    /// rows without a temporary table. MySQL has a successor of values(), which MariaDB does not know.
    /// </summary>
    private void Update(List<EncodedWrite> writes)
    {
        if (writes.Count == 0)
        {
            return;
        }

        _sql.Append("insert into dtm_transaction "
            + "(id,gid,type,status,state,version,owner,due,created,updated,finished,progress) values ");
        foreach (var write in writes)
        {
            _sql.Append('(').Append(_locked[write.Gid].Id).Append(",?");
            AppendRow(write);
        }

        _sql[^1] = ' ';
        _sql.Append("on duplicate key update "
            + "status=values(status),state=values(state),version=values(version),owner=values(owner),")
            .Append("due=values(due),updated=values(updated),finished=values(finished),progress=values(progress);");
    }

    /// <summary>
    /// The same for rows that are not locked: it fails if a version is not the expected one. A changed row counts 2, an
    /// inserted one 1.
    /// </summary>
    private void UpdateUnlocked(List<EncodedWrite> writes)
    {
        if (writes.Count == 0)
        {
            return;
        }

        _sql.Append("insert into dtm_transaction "
            + "(id,gid,type,status,state,version,owner,due,created,updated,finished,progress) values ");
        foreach (var write in writes)
        {
            _sql.Append('(').Append(_ids.Find(write.Gid)).Append(",?");
            AppendRow(write);
        }

        _sql[^1] = ' ';
        _sql.Append(UpdateIfExpected)
            .Append(";select " + Last + "+(row_count()<>").Append(2 * writes.Count).Append(");");
    }

    /// <summary>
    /// For rows that this commit inserts: the caller did not await one write before the next. Rare, so one by one.
    /// </summary>
    private void UpdateInserted(List<EncodedWrite> writes)
    {
        foreach (var write in writes)
        {
            _sql.Append("update dtm_transaction set status='").Append(write.Status).Append("',state=");
            State(write);
            _sql.Append(CultureInfo.InvariantCulture, $",version={write.Version},owner={write.Owner},due=");
            Number(write.Due);
            _sql.Append(CultureInfo.InvariantCulture, $",updated={write.Updated},finished=");
            Number(write.Finished);
            _sql.Append(",progress=? where gid=?;");
            Parameter(write.Progress);
            Parameter(Encoding.UTF8.GetBytes(write.Gid));
        }
    }

    private void Bodies(List<EncodedWrite> writes, Action<EncodedWrite> appendId)
    {
        if (writes.Count == 0)
        {
            return;
        }

        _sql.Append("insert into dtm_body (transaction_id,seq,body) values ");
        foreach (var write in writes)
        {
            _sql.Append('(');
            appendId(write);
            _sql.Append(',').Append(write.BodySequence).Append(",?),");
            Parameter(write.Body!);
        }

        EndList();
    }

    private void AppendId(EncodedWrite write)
    {
        if (_locked.TryGetValue(write.Gid, out var row))
        {
            _sql.Append(row.Id);
            return;
        }

        _sql.Append("(select id from dtm_transaction where gid=?)");
        Parameter(Encoding.UTF8.GetBytes(write.Gid));
    }

    /// <summary>The columns after the gid.</summary>
    private void AppendRow(EncodedWrite write)
    {
        _sql.Append(",'").Append(write.Type).Append("','").Append(write.Status).Append("',");
        State(write);
        _sql.Append(CultureInfo.InvariantCulture, $",{write.Version},{write.Owner},");
        Number(write.Due);
        _sql.Append(CultureInfo.InvariantCulture, $",{write.Created},{write.Updated},");
        Number(write.Finished);
        _sql.Append(",?),");
        Parameter(Encoding.UTF8.GetBytes(write.Gid));
        Parameter(write.Progress);
    }

    /// <summary>The value of the indexed column state; see the schema.</summary>
    private void State(EncodedWrite write) => _ = write.Status switch
    {
        "succeed" => _sql.Append("null"),
        "failed" => _sql.Append("'failed'"),
        _ => _sql.Append('\'').Append(write.Type).Append(' ').Append(write.Status).Append('\''),
    };

    private void Number(long? value) => _ = value is { } number ? _sql.Append(number) : _sql.Append("null");

    private void Parameter(byte[] value) => _command.Parameters.Add(new MySqlParameter { Value = value });

    private void EndList() => _sql[^1] = ';';

    private readonly record struct LockedRow(long Id, long Version);
}

using System.Globalization;
using System.Text;
using MySqlConnector;

namespace OrleansDtm.Storage.Servers;

/// <summary>
/// The statements of one commit as one command. Numbers and our own words are written into it, everything else is a parameter; they
/// go by position, because looking up thousands by name shows.
/// </summary>
internal sealed class MySqlBatch
{
    private readonly StringBuilder _sql = new();
    private readonly MySqlCommand _command;

    private MySqlBatch(MySqlConnection connection, CommitLimits limits)
    {
        _command = connection.CreateCommand();
        _command.CommandTimeout = limits.Seconds;
    }

    /// <summary>
    /// The fast way: takes it that every row is as its writer believes, and says all in one go. Fails with
    /// <see cref="ServerFault.Surprise"/>, before the commit, when that is wrong.
    /// </summary>
    public static void CommitAll(MySqlConnection connection, IReadOnlyList<PlacedWrite> sorted, CommitLimits limits) =>
        Commit(connection, sorted, limits, isLocked: false);

    /// <summary>Locks the rows and looks first, then does the same with those writes that will succeed.</summary>
    public static void CommitCarefully(
        MySqlConnection connection, IReadOnlyList<PlacedWrite> sorted, WriteResult[] results, CommitLimits limits)
    {
        // Nobody changes these rows before the end; one that is not there yet may still appear, which is a surprise again.
        var versions = BeginAndLock(connection, sorted, limits);
        var winners = new List<PlacedWrite>(sorted.Count);
        foreach (var placed in sorted)
        {
            var isWinner = versions.GetValueOrDefault(placed.Write.Gid) == placed.Write.ExpectedVersion;
            results[placed.Place] = isWinner ? WriteResult.Written : WriteResult.Conflict;
            if (isWinner)
            {
                versions[placed.Write.Gid] = placed.Write.Version;
                winners.Add(placed);
            }
        }

        Commit(connection, winners, limits, isLocked: true);
    }

    private static Dictionary<string, long> BeginAndLock(
        MySqlConnection connection, IReadOnlyList<PlacedWrite> sorted, CommitLimits limits)
    {
        using var command = connection.CreateCommand();
        command.CommandTimeout = limits.Seconds;
        var sql = new StringBuilder("start transaction;select gid,version from dtm_transaction where gid in (");
        foreach (var placed in sorted)
        {
            sql.Append("?,");
            command.Parameters.Add(new MySqlParameter { Value = Encoding.UTF8.GetBytes(placed.Write.Gid) });
        }

        sql[^1] = ')';
        command.CommandText = sql.Append(" order by gid for update").ToString();
        var versions = new Dictionary<string, long>(sorted.Count, StringComparer.Ordinal);
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            versions.Add(Encoding.UTF8.GetString(reader.GetFieldValue<byte[]>(0)), reader.GetInt64(1));
        }

        return versions;
    }

    private static void Commit(MySqlConnection connection, IReadOnlyList<PlacedWrite> writes, CommitLimits limits, bool isLocked)
    {
        var batch = new MySqlBatch(connection, limits);
        batch._sql.Append(isLocked ? "" : "start transaction;");
        var isFirst = true;
        foreach (var round in WriteRounds.Cut(writes, limits.CommandBytes))
        {
            if (!isFirst)
            {
                batch.Execute();
                batch = new MySqlBatch(connection, limits);
            }

            isFirst = false;
            batch.Add(round.ConvertAll(static w => w.Write), isLocked);
        }

        batch._sql.Append("commit");
        batch.Execute();
    }

    /// <param name="isCareful">After a surprise: take nothing for granted that saves time.</param>
    private void Add(List<EncodedWrite> writes, bool isCareful)
    {
        var inserts = writes.FindAll(static w => w.IsInsert);
        if (inserts.Count > 0)
        {
            Insert(inserts, isCareful);
        }

        var updates = inserts.Count > 0 ? writes.FindAll(static w => !w.IsInsert) : writes;
        if (updates.Count > 0)
        {
            Update(updates);
            Append(updates.FindAll(static w => w.Body is not null));
        }
    }

    private void Execute()
    {
        using (_command)
        {
            _command.CommandText = _sql.ToString();
            _command.ExecuteNonQuery();
        }
    }

    private void Insert(List<EncodedWrite> writes, bool isCareful)
    {
        _sql.Append("insert into dtm_transaction (gid,type,status,state,version,owner,due,created,updated,finished,progress) values ");
        foreach (var write in writes)
        {
            _sql.Append("(?,'").Append(write.Type).Append("','").Append(write.Status).Append("',");
            State(write);
            Number(write.Version).Number(write.Owner).Number(write.Due).Number(write.Created).Number(write.Updated).Number(write.Finished);
            _sql.Append("?),");
            Parameter(Encoding.UTF8.GetBytes(write.Gid));
            Parameter(write.Progress);
        }

        EndList();
        _sql.Append("insert into dtm_body (transaction_id,seq,body) values ");
        for (var i = 0; i < writes.Count; i++)
        {
            if (isCareful)
            {
                IdOf(writes[i]);
            }
            else
            {
                _sql.Append("(last_insert_id()+").Append(i).Append("*@@auto_increment_increment");
            }

            _sql.Append(',').Append(writes[i].BodySequence).Append(",?),");
            Parameter(writes[i].Body!);
        }

        EndList();
        if (!isCareful)
        {
            // The ids of one insert follow each other, or so the manual says: if the last is right, all between are.
            Guard($"(select id from dtm_transaction where gid=?)=last_insert_id()+{writes.Count - 1}*@@auto_increment_increment");
            Parameter(Encoding.UTF8.GetBytes(writes[^1].Gid));
        }
    }

    private void Update(List<EncodedWrite> writes)
    {
        _sql.Append("update (");
        for (var i = 0; i < writes.Count; i++)
        {
            var write = writes[i];
            _sql.Append(i == 0 ? "select ? g,'" : " union all select ?,'").Append(write.Status).Append(i == 0 ? "' s," : "',");
            State(write, i == 0 ? " a" : "");
            Number(write.ExpectedVersion, i == 0 ? " v" : "").Number(write.Owner, i == 0 ? " o" : "").Number(write.Due, i == 0 ? " d" : "");
            Number(write.Updated, i == 0 ? " u" : "").Number(write.Finished, i == 0 ? " f" : "");
            _sql.Append(i == 0 ? "? p" : "?");
            Parameter(Encoding.UTF8.GetBytes(write.Gid));
            Parameter(write.Progress);
        }

        // straight_join: the list looks the rows up, never the other way round, whatever the statistics say.
        _sql.Append(") x straight_join dtm_transaction t on t.gid=x.g and t.version=x.v set t.status=x.s,t.state=x.a,")
            .Append("t.version=x.v+1,t.owner=x.o,t.due=x.d,t.updated=x.u,t.finished=x.f,t.progress=x.p;");
        Guard($"row_count()={writes.Count}");
    }

    /// <summary>The rows are locked by now, so their ids may be looked up.</summary>
    private void Append(List<EncodedWrite> writes)
    {
        if (writes.Count == 0)
        {
            return;
        }

        _sql.Append("insert into dtm_body (transaction_id,seq,body) values ");
        foreach (var write in writes)
        {
            IdOf(write);
            _sql.Append(',').Append(write.BodySequence).Append(",?),");
            Parameter(write.Body!);
        }

        EndList();
    }

    /// <summary>
    /// Fails with "subquery returns more than 1 row" unless the condition holds, which ends the command before its commit. There is no
    /// other way to raise an error outside a procedure, and asking first would cost a round trip per batch.
    /// </summary>
    private void Guard(FormattableString condition) => _sql.Append("select if(")
        .Append(condition.ToString(CultureInfo.InvariantCulture)).Append(",1,(select 1 union all select 2));");

    private void IdOf(EncodedWrite write)
    {
        _sql.Append("((select id from dtm_transaction where gid=?)");
        Parameter(Encoding.UTF8.GetBytes(write.Gid));
    }

    /// <summary>What the index on state is to know; see the schema.</summary>
    private void State(EncodedWrite write, string name = "")
    {
        _ = write.Status switch
        {
            "succeed" => _sql.Append("null"),
            "failed" => _sql.Append("'failed'"),
            _ => _sql.Append('\'').Append(write.Type).Append(' ').Append(write.Status).Append('\''),
        };
        _sql.Append(name).Append(',');
    }

    private MySqlBatch Number(long? value, string name = "")
    {
        _ = value is { } number ? _sql.Append(number) : _sql.Append("null");
        _sql.Append(name).Append(',');
        return this;
    }

    private void Parameter(byte[] value) => _command.Parameters.Add(new MySqlParameter { Value = value });

    private void EndList() => _sql[^1] = ';';
}

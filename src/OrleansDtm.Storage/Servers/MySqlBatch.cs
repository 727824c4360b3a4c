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

    public MySqlBatch(MySqlConnection connection, int timeoutSeconds)
    {
        _command = connection.CreateCommand();
        _command.CommandTimeout = timeoutSeconds;
    }

    public void Begin() => _sql.Append("start transaction;");

    /// <param name="isCareful">After a surprise: take nothing for granted that saves time.</param>
    public void Add(List<EncodedWrite> writes, bool isCareful)
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

    /// <summary>Sends what was added since the last time.</summary>
    public void Execute(bool commit)
    {
        using (_command)
        {
            _command.CommandText = _sql.Append(commit ? "commit" : "").ToString();
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

using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace OrleansDtm.Storage;

/// <summary>The one writing connection, with its statements prepared once.</summary>
internal sealed class SqliteCommitter : IBatchCommitter, IDisposable
{
    // SQLite's primary result codes for "this statement will never work", as opposed to "not now".
    private const int TooBig = 18;
    private const int Constraint = 19;
    private const int Mismatch = 20;
    private const int Range = 25;

    private readonly SqliteConnection _connection;
    private readonly SqliteStatement _begin;
    private readonly SqliteStatement _commit;
    private readonly SqliteStatement _rollback;
    private readonly SqliteStatement _insert;
    private readonly SqliteStatement _insertBody;
    private readonly SqliteStatement _update;
    private readonly SqliteStatement _updateKeepingDue;
    private readonly SqliteStatement _append;

    /// <param name="connection">Disposed with this.</param>
    public SqliteCommitter(SqliteConnection connection)
    {
        _connection = connection;
        _begin = new SqliteStatement(connection, "begin immediate;");
        _commit = new SqliteStatement(connection, "commit;");
        _rollback = new SqliteStatement(connection, "rollback;");
        _insert = new SqliteStatement(
            connection,
            """
            insert into dtm_transaction (gid, type, status, version, owner, due, created, updated, finished, progress)
            values (@gid, @type, @status, @version, @owner, @due, @created, @updated, @finished, @progress)
            on conflict (gid) do nothing;
            """);
        _insertBody = new SqliteStatement(
            connection,
            "insert into dtm_body (transaction_id, seq, body) values (last_insert_rowid(), @seq, @body);");
        _update = new SqliteStatement(connection, Update("due = @due,"));
        _updateKeepingDue = new SqliteStatement(connection, Update(""));
        _append = new SqliteStatement(
            connection,
            "insert into dtm_body (transaction_id, seq, body) select id, @seq, @body from dtm_transaction where gid = @gid;");
    }

    public void Commit(IReadOnlyList<EncodedWrite> batch, WriteResult[] results)
    {
        try
        {
            RollBack(); // Only does something when rolling back failed the last time.
            _begin.Execute();
            for (var i = 0; i < batch.Count; i++)
            {
                results[i] = Apply(batch[i]) ? WriteResult.Written : WriteResult.Conflict;
            }
        }
        catch (Exception e)
        {
            TryRollBack();
            if (e is SqliteException { SqliteErrorCode: not (TooBig or Constraint or Mismatch or Range) })
            {
                throw Unavailable(e);
            }

            throw;
        }

        try
        {
            _commit.Execute();
        }
        catch (Exception e)
        {
            TryRollBack();
            throw Unavailable(e);
        }
    }

    public void Dispose()
    {
        SqliteStatement[] statements = [_begin, _commit, _rollback, _insert, _insertBody, _update, _updateKeepingDue, _append];
        foreach (var statement in statements)
        {
            statement.Dispose();
        }

        _connection.Dispose();
    }

    private static string Update(string due) =>
        $"""
        update dtm_transaction set status = @status, version = @version, owner = @owner, {due}
            updated = @updated, finished = @finished, progress = @progress
        where gid = @gid and version = @expected;
        """;

    private static StoreUnavailableException Unavailable(Exception e) => new($"SQLite could not commit: {e.Message}", e);

    /// <summary>False on conflict.</summary>
    private bool Apply(EncodedWrite write)
    {
        var main = write.IsInsert ? _insert : write.IsDueUnchanged ? _updateKeepingDue : _update;
        if (main.Execute(write) == 0)
        {
            return false;
        }

        if (write.Body is not null)
        {
            (write.IsInsert ? _insertBody : _append).Execute(write);
        }

        return true;
    }

    private void RollBack()
    {
        if (raw.sqlite3_get_autocommit(_connection.Handle) == 0)
        {
            _rollback.Execute();
        }
    }

    private void TryRollBack()
    {
        try
        {
            RollBack();
        }
        catch (SqliteException)
        {
            // Whoever rolls back has a better error at hand; the next batch tries again before it begins.
        }
    }
}

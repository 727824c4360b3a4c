using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace OrleansDtm.Storage.Sqlite;

/// <summary>
/// The writing connection and its prepared statements. Between two batches it serves rarer writes, too.
/// </summary>
internal sealed class SqliteCommitter : IBatchCommitter, IDisposable
{
    // SQLite's primary result codes for statements that can never succeed.
    private const int TooBig = 18;
    private const int Constraint = 19;
    private const int Mismatch = 20;
    private const int Range = 25;

    private readonly SqliteConnection _connection;
    private readonly Action? _flush;

    /// <summary>
    /// Held during a batch. Waiters of a monitor do not starve, as they would if they polled for SQLite's own lock
    /// under load.
    /// </summary>
    private readonly object _gate = new();

    private readonly SqliteStatement _begin;
    private readonly SqliteStatement _commit;
    private readonly SqliteStatement _rollback;
    private readonly SqliteStatement _insert;
    private readonly SqliteStatement _insertBody;
    private readonly SqliteStatement _update;
    private readonly SqliteStatement _updateKeepingDue;
    private readonly SqliteStatement _updateKeepingStatus;
    private readonly SqliteStatement _updateKeepingBoth;
    private readonly SqliteStatement _append;
    private readonly SqliteStatement _insertTag;
    private readonly SqliteStatement _addTag;
    private readonly SqliteStatement _removeTag;
    private bool _isFlushDue;
    private bool _disposed;

    /// <param name="connection">Disposed with this.</param>
    /// <param name="flush">Makes commits durable, or throws IOException; null = SQLite does it in the commit.</param>
    public SqliteCommitter(SqliteConnection connection, Action? flush)
    {
        _connection = connection;
        _flush = flush;
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
        _update = new SqliteStatement(connection, Update("status = @status, due = @due,"));
        _updateKeepingDue = new SqliteStatement(connection, Update("status = @status,"));
        _updateKeepingStatus = new SqliteStatement(connection, Update("due = @due,"));
        _updateKeepingBoth = new SqliteStatement(connection, Update(""));
        _append = new SqliteStatement(
            connection,
            "insert into dtm_body (transaction_id, seq, body) select id, @seq, @body from dtm_transaction where gid "
            + "= @gid;");

        // The two tables of a new row are without rowid, so its id stays the last one.
        _insertTag = new SqliteStatement(
            connection, "insert into dtm_tag (transaction_id, tag) values (last_insert_rowid(), @tag);");
        _addTag = new SqliteStatement(
            connection,
            "insert into dtm_tag (transaction_id, tag) select id, @tag from dtm_transaction where gid = @gid;");
        _removeTag = new SqliteStatement(
            connection,
            """
            delete from dtm_tag
            where transaction_id = (select id from dtm_transaction where gid = @gid) and tag = @tag;
            """);
    }

    public void Commit(IReadOnlyList<EncodedWrite> batch, WriteResult[] results)
    {
        lock (_gate)
        {
            CommitAlone(batch, results);
        }
    }

    /// <summary>Runs statements that commit themselves, between two batches. Blocks the caller.</summary>
    /// <param name="statement">Returns the number of rows it changed.</param>
    public int Run(Func<SqliteConnection, int> statement)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(SqliteTransactionStore));
            try
            {
                // Otherwise it would join the transaction that a failed batch left open, and be undone with it.
                RollBack();
                Recover();
                var changed = statement(_connection);
                Flush();
                return changed;
            }
            catch (SqliteException e) when (IsTooBig(e))
            {
                throw TooLarge(e);
            }
            catch (Exception e) when (e is SqliteException or IOException)
            {
                throw Unavailable(e);
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            SqliteStatement[] statements =
            [
                _begin, _commit, _rollback, _insert, _insertBody, _append,
                _update, _updateKeepingDue, _updateKeepingStatus, _updateKeepingBoth,
                _insertTag, _addTag, _removeTag,
            ];
            foreach (var statement in statements)
            {
                statement.Dispose();
            }

            _connection.Dispose();
        }
    }

    private static string Update(string indexed) =>
        $"""
        update dtm_transaction set {indexed} version = @version, owner = @owner,
            updated = @updated, finished = @finished, progress = @progress
        where gid = @gid and version = @expected;
        """;

    private static bool IsTooBig(Exception e) => e is SqliteException { SqliteErrorCode: TooBig };

    private static StoreTooLargeException TooLarge(Exception e) =>
        new($"SQLite does not accept a write of this size: {e.Message} [ODTM2010]", e);

    private static StoreUnavailableException Unavailable(Exception e) =>
        new($"SQLite could not commit: {e.Message} [ODTM2008]", e);

    private void CommitAlone(IReadOnlyList<EncodedWrite> batch, WriteResult[] results)
    {
        try
        {
            RollBack(); // Has an effect only if the previous rollback failed.
            Recover();
            _begin.Execute();
            for (var i = 0; i < batch.Count; i++)
            {
                results[i] = Apply(batch[i]) ? WriteResult.Written : WriteResult.Conflict;
            }
        }
        catch (Exception e)
        {
            TryRollBack();
            if (IsTooBig(e))
            {
                throw TooLarge(e);
            }

            if (e is IOException
                or SqliteException { SqliteErrorCode: not (TooBig or Constraint or Mismatch or Range) })
            {
                throw Unavailable(e);
            }

            throw;
        }

        try
        {
            _commit.Execute();
            Flush();
        }
        catch (Exception e)
        {
            TryRollBack();
            throw Unavailable(e);
        }
    }

    private void Flush()
    {
        if (_flush is not null)
        {
            _isFlushDue = true;
            _flush();
            _isFlushDue = false;
        }
    }

    /// <summary>
    /// After a failed flush it is unknown which pages of the log are on the disk, and the next flush may succeed
    /// without having written them; later commits in the log would be lost with them. So SQLite moves the log into the
    /// file and flushes that.
    /// </summary>
    private void Recover()
    {
        if (!_isFlushDue)
        {
            return;
        }

        using var command = _connection.CreateCommand();
        command.CommandText = "pragma wal_checkpoint(full);";
        using var reader = command.ExecuteReader();
        if (!reader.Read() || reader.GetInt64(0) != 0)
        {
            throw new IOException("The last flush failed, and the log cannot be moved into the file yet because of "
                + "a reader.");
        }

        _isFlushDue = false;
    }

    /// <summary>False = conflict.</summary>
    private bool Apply(EncodedWrite write)
    {
        var main = (write.IsInsert, write.IsStatusUnchanged, write.IsDueUnchanged) switch
        {
            (true, _, _) => _insert,
            (_, true, true) => _updateKeepingBoth,
            (_, true, false) => _updateKeepingStatus,
            (_, false, true) => _updateKeepingDue,
            _ => _update,
        };
        if (main.Execute(write) == 0)
        {
            return false;
        }

        if (write.Body is not null)
        {
            (write.IsInsert ? _insertBody : _append).Execute(write);
        }

        if (write.HasTags)
        {
            ApplyTags(write);
        }

        return true;
    }

    private void ApplyTags(EncodedWrite write)
    {
        foreach (var tag in write.RemovedTags)
        {
            _removeTag.Execute(write, tag);
        }

        var add = write.IsInsert ? _insertTag : _addTag;
        foreach (var tag in write.AddedTags)
        {
            add.Execute(write, tag);
        }
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
            // The caller already has the original error; the next batch retries the rollback.
        }
    }
}

using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace OrleansDtm.Client;

/// <summary>MySQL and MariaDB.</summary>
internal sealed class MySqlXa(BranchContext context) : XaSql(context)
{
    private const int NoSuchXid = 1397;
    private const int WrongState = 1399;
    private const int RolledBack = 1402;
    private const int Forbidden = 1401;
    private const int Outside = 1400;
    private const int DuplicateXid = 1440;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <summary>The server's number of the first phase's connection; null = the server detaches by itself.</summary>
    private string? _session;

    protected override int LongestXid => 64;

    private string Literal => $"X'{Convert.ToHexString(Encoding.UTF8.GetBytes(Xid))}'";

    /// <summary>
    /// MariaDB, and MySQL before 8.0.29, allow other connections to end a prepared transaction only after its
    /// connection is closed, so it must not be pooled. MySqlConnector uses the pool of its data source whatever the
    /// connection string says, except for a clone.
    /// </summary>
    /// <exception cref="InvalidOperationException">The application was trimmed, and the clone with it.</exception>
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "Its absence is an exception below.")]
    public override DbConnection Isolate(DbConnection connection)
    {
        var settings = new DbConnectionStringBuilder
        {
            ConnectionString = connection.ConnectionString,
            ["Pooling"] = false,
        }.ConnectionString;
        if (connection.GetType().GetMethod("CloneWith", [typeof(string)]) is { } cloneWith)
        {
            using (connection)
            {
                return (DbConnection)cloneWith.Invoke(connection, [settings])!;
            }
        }

        if (connection.GetType().Namespace == "MySqlConnector")
        {
            throw new InvalidOperationException(
                "MySqlConnection.CloneWith is missing, because the application was trimmed. Add to the project: "
                + "<TrimmerRootAssembly Include=\"MySqlConnector\" />");
        }

        connection.ConnectionString = settings;
        return connection;
    }

    public override async Task<bool> StartAsync(DbConnection connection, CancellationToken cancel)
    {
        if (!DetachesOnPrepare(connection.ServerVersion))
        {
            _session = await ReadAsync(connection, "select connection_id()", cancel).ConfigureAwait(false);
        }

        try
        {
            await ExecuteAsync(connection, $"xa start {Literal}", cancel).ConfigureAwait(false);
            return true;
        }
        catch (DbException e) when (BarrierFaults.Number(e) == DuplicateXid)
        {
            return false;
        }
    }

    public override async Task<bool> IsPreparedAsync(DbConnection connection, CancellationToken cancel)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "xa recover";
        try
        {
            var reader = await command.ExecuteReaderAsync(cancel).ConfigureAwait(false);
            await using var disposing = reader.ConfigureAwait(false);
            while (await reader.ReadAsync(cancel).ConfigureAwait(false))
            {
                if (reader.GetValue(3) switch
                {
                    byte[] bytes => Encoding.UTF8.GetString(bytes),
                    var text => text as string,
                } == Xid)
                {
                    return true;
                }
            }

            return false;
        }
        catch (DbException e) when (BarrierFaults.Number(e) == Forbidden)
        {
            return false; // MySQL 8 shows it only with XA_RECOVER_ADMIN; false means unknown.
        }
    }

    public override async Task PrepareAsync(DbConnection connection)
    {
        await ExecuteAsync(connection, $"xa end {Literal}", CancellationToken.None).ConfigureAwait(false);
        await ExecuteAsync(connection, $"xa prepare {Literal}", CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>
    /// A server that is closing the connection offers the prepared transaction to other ones a moment before its engine
    /// gives it up: "xa commit" or "xa rollback" in this moment answer OK or NOTA, do nothing, and the transaction
    /// stays prepared, with its locks and invisible, until the server restarts (MariaDB 10.11.19: one of 1,000 when 16
    /// calls come at once). Gone from the list of its user's connections, it is past that but for microseconds.
    /// </summary>
    public override async Task DetachedAsync(Func<DbConnection> connect, TimeSpan patience, TimeProvider time)
    {
        if (_session is null)
        {
            return;
        }

        var start = time.GetTimestamp();
        var connection = connect();
        await using var disposing = connection.ConfigureAwait(false);
        try
        {
            await connection.OpenAsync().ConfigureAwait(false);
            while (await ReadAsync(
                connection,
                $"select id from information_schema.processlist where id = {_session}",
                CancellationToken.None).ConfigureAwait(false) is not null)
            {
                if (time.GetElapsedTime(start) >= patience)
                {
                    return;
                }

                await Task.Delay(Pause, time, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (DbException)
        {
            // It is prepared, whatever this connection says. The next call finds a database that fails.
        }
    }

    public override async Task AbandonAsync(DbConnection connection)
    {
        try
        {
            await ExecuteAsync(connection, $"xa end {Literal}", CancellationToken.None).ConfigureAwait(false);
        }
        catch (DbException)
        {
            // It has ended, or a deadlock has rolled it back; roll back in any case.
        }

        await ExecuteAsync(connection, $"xa rollback {Literal}", CancellationToken.None).ConfigureAwait(false);
    }

    public override async Task<bool> FinishAsync(DbConnection connection, bool commit, CancellationToken cancel)
    {
        try
        {
            return await EndAsync(connection, commit, cancel).ConfigureAwait(false);
        }
        catch (DbException e) when (BarrierFaults.Number(e) == Outside)
        {
            // MariaDB treats a session without autocommit as in a transaction. The connection is new, so there is none.
            await ExecuteAsync(connection, "set session autocommit = 1", cancel).ConfigureAwait(false);
            try
            {
                return await EndAsync(connection, commit, cancel).ConfigureAwait(false);
            }
            finally
            {
                await RestoreAsync(connection).ConfigureAwait(false);
            }
        }
    }

    /// <summary>A session that cannot be reset is closed; the commit stays valid.</summary>
    private static async Task RestoreAsync(DbConnection connection)
    {
        try
        {
            if (connection.State == System.Data.ConnectionState.Open)
            {
                await ExecuteAsync(
                    connection, "set session autocommit = 0", CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (DbException)
        {
            await connection.CloseAsync().ConfigureAwait(false);
        }
    }

    private async Task<bool> EndAsync(DbConnection connection, bool commit, CancellationToken cancel)
    {
        try
        {
            await ExecuteAsync(
                connection, $"xa {(commit ? "commit" : "rollback")} {Literal}", cancel).ConfigureAwait(false);
            // See DetachedAsync: elsewhere an OK may have done nothing.
            return DetachesOnPrepare(connection.ServerVersion);
        }
        catch (DbException e) when (BarrierFaults.Number(e) is NoSuchXid or WrongState
            || (!commit && BarrierFaults.Number(e) == RolledBack))
        {
            return false;
        }
    }

    /// <summary>
    /// In an explicit transaction: in a session without autocommit an implicit one would stay open, and "xa commit"
    /// would be refused. READ UNCOMMITTED would show the uncommitted row of a first phase.
    /// </summary>
    public override async Task<string?> PeekReasonAsync(
        DbConnection connection, BarrierOptions options, BarrierKey key, CancellationToken cancel)
    {
        // For the next transaction only.
        await ExecuteAsync(connection, "set transaction isolation level read committed", cancel).ConfigureAwait(false);
        return await WithinAsync(
            connection, () => base.PeekReasonAsync(connection, options, key, cancel), cancel).ConfigureAwait(false);
    }

    public override async Task<bool> InsertSoonAsync(
        DbConnection connection, BarrierOptions options, BarrierKey key, string reason, CancellationToken cancel)
    {
        var patience = await ReadPatienceAsync(connection, cancel).ConfigureAwait(false);
        await ExecuteAsync(connection, "set session innodb_lock_wait_timeout = 1", cancel).ConfigureAwait(false);
        try
        {
            var rows = new BarrierRows(connection, null, options);
            return await WithinAsync(
                connection, () => rows.InsertAsync(key, reason, cancel), cancel).ConfigureAwait(false);
        }
        finally
        {
            if (connection.State == System.Data.ConnectionState.Open)
            {
                await ExecuteAsync(
                    connection,
                    $"set session innodb_lock_wait_timeout = {patience}",
                    CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    /// <summary>MySQL from 8.0.29 (<c>xa_detach_on_prepare</c>). MariaDB is 10 or higher, with its name.</summary>
    private static bool DetachesOnPrepare(string version) =>
        !version.Contains("MariaDB", StringComparison.OrdinalIgnoreCase)
        && Version.TryParse(version.Split('-', ' ')[0], out var number)
        && number >= new Version(8, 0, 29);

    /// <summary>The previous value of the session, which may differ from the server's default.</summary>
    private static async Task<string> ReadPatienceAsync(DbConnection connection, CancellationToken cancel) =>
        await ReadAsync(connection, "select @@session.innodb_lock_wait_timeout", cancel).ConfigureAwait(false)
        ?? "default";

    /// <summary>The first value of the first row; null = there is none.</summary>
    private static async Task<string?> ReadAsync(DbConnection connection, string sql, CancellationToken cancel)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync(cancel).ConfigureAwait(false) is { } value and not DBNull
            ? Convert.ToString(value, CultureInfo.InvariantCulture)
            : null;
    }

    /// <summary>A local transaction, committed, or rolled back after an exception.</summary>
    private static async Task<T> WithinAsync<T>(DbConnection connection, Func<Task<T>> work, CancellationToken cancel)
    {
        await ExecuteAsync(connection, "start transaction", cancel).ConfigureAwait(false);
        try
        {
            var result = await work().ConfigureAwait(false);
            await ExecuteAsync(connection, "commit", CancellationToken.None).ConfigureAwait(false);
            return result;
        }
        catch
        {
            try
            {
                await ExecuteAsync(connection, "rollback", CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception error) when (error is DbException or InvalidOperationException)
            {
                // The server rolls back then; the caller needs the cause.
                await connection.CloseAsync().ConfigureAwait(false);
            }

            throw;
        }
    }
}

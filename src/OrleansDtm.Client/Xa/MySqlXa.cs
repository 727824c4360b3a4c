using System.Data.Common;
using System.Text;

namespace OrleansDtm.Client;

/// <summary>MySQL and MariaDB.</summary>
internal sealed class MySqlXa(BranchContext context) : XaSql(context)
{
    private const int NoSuchXid = 1397;
    private const int WrongState = 1399;
    private const int RolledBack = 1402;
    private const int Forbidden = 1401;
    private const int DuplicateXid = 1440;

    protected override int LongestXid => 64;

    private string Literal => $"X'{Convert.ToHexString(Encoding.UTF8.GetBytes(Xid))}'";

    /// <summary>
    /// MariaDB, and MySQL before 8.0.29, let others end a prepared transaction only when the connection that prepared it is gone, so it
    /// must not come from a pool. MySqlConnector takes the pool of its data source whatever the connection string says, but for a clone.
    /// </summary>
    public override DbConnection Isolate(DbConnection connection)
    {
        var settings = new DbConnectionStringBuilder { ConnectionString = connection.ConnectionString, ["Pooling"] = false }.ConnectionString;
        if (connection.GetType().GetMethod("CloneWith", [typeof(string)]) is { } cloneWith)
        {
            using (connection)
            {
                return (DbConnection)cloneWith.Invoke(connection, [settings])!;
            }
        }

        connection.ConnectionString = settings;
        return connection;
    }

    public override async Task<bool> StartAsync(DbConnection connection, CancellationToken cancel)
    {
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
                if (reader.GetValue(3) switch { byte[] bytes => Encoding.UTF8.GetString(bytes), var text => text as string } == Xid)
                {
                    return true;
                }
            }

            return false;
        }
        catch (DbException e) when (BarrierFaults.Number(e) == Forbidden)
        {
            return false; // MySQL 8 shows it only to XA_RECOVER_ADMIN: then it is not known, which is what false says.
        }
    }

    public override async Task PrepareAsync(DbConnection connection)
    {
        await ExecuteAsync(connection, $"xa end {Literal}", CancellationToken.None).ConfigureAwait(false);
        await ExecuteAsync(connection, $"xa prepare {Literal}", CancellationToken.None).ConfigureAwait(false);
    }

    public override async Task AbandonAsync(DbConnection connection)
    {
        try
        {
            await ExecuteAsync(connection, $"xa end {Literal}", CancellationToken.None).ConfigureAwait(false);
        }
        catch (DbException)
        {
            // It has ended already, or a deadlock has undone it: either way it is the rollback that counts.
        }

        await ExecuteAsync(connection, $"xa rollback {Literal}", CancellationToken.None).ConfigureAwait(false);
    }

    public override async Task<bool> FinishAsync(DbConnection connection, bool commit, CancellationToken cancel)
    {
        try
        {
            await ExecuteAsync(connection, $"xa {(commit ? "commit" : "rollback")} {Literal}", cancel).ConfigureAwait(false);
            return true;
        }
        catch (DbException e) when (BarrierFaults.Number(e) is NoSuchXid or WrongState || (!commit && BarrierFaults.Number(e) == RolledBack))
        {
            return false;
        }
    }

    /// <summary>READ UNCOMMITTED would show the row of a first phase that is under way, which is none that was committed.</summary>
    public override async Task<string?> PeekReasonAsync(DbConnection connection, BarrierOptions options, BarrierKey key, CancellationToken cancel)
    {
        await ExecuteAsync(connection, "set session transaction isolation level read committed", cancel).ConfigureAwait(false);
        return await base.PeekReasonAsync(connection, options, key, cancel).ConfigureAwait(false);
    }

    public override async Task<bool> InsertSoonAsync(
        DbConnection connection, BarrierOptions options, BarrierKey key, string reason, CancellationToken cancel)
    {
        await ExecuteAsync(connection, "set session innodb_lock_wait_timeout = 1", cancel).ConfigureAwait(false);
        try
        {
            return await new BarrierRows(connection, null, options).InsertAsync(key, reason, cancel).ConfigureAwait(false);
        }
        finally
        {
            if (connection.State == System.Data.ConnectionState.Open)
            {
                await ExecuteAsync(connection, "set session innodb_lock_wait_timeout = default", CancellationToken.None).ConfigureAwait(false);
            }
        }
    }
}

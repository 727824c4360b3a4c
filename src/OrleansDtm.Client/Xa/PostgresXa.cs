using System.Data.Common;

namespace OrleansDtm.Client;

/// <summary>PostgreSQL: prepared transactions are visible to all connections at once.</summary>
internal sealed class PostgresXa(BranchContext context) : XaSql(context)
{
    private const string NoSuchXid = "42704";
    private const string Busy = "55000";

    protected override int LongestXid => 199;

    /// <summary>A literal that is independent of standard_conforming_strings.</summary>
    private string Literal =>
        $"E'{Xid.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", @"\'", StringComparison.Ordinal)}'";

    public override DbConnection Isolate(DbConnection connection) => connection;

    public override async Task<bool> StartAsync(DbConnection connection, CancellationToken cancel)
    {
        if (await IsPreparedAsync(connection, cancel).ConfigureAwait(false))
        {
            return false;
        }

        await ExecuteAsync(connection, "begin", cancel).ConfigureAwait(false);
        return true;
    }

    /// <summary>The holder of the row may be prepared, for longer than a call may wait.</summary>
    public override async Task<bool> EnterAsync(
        DbConnection connection, BarrierOptions options, BarrierKey key, CancellationToken cancel)
    {
        await ExecuteAsync(connection, "set local lock_timeout = '1s'", cancel).ConfigureAwait(false);
        var entered = await base.EnterAsync(connection, options, key, cancel).ConfigureAwait(false);
        await ExecuteAsync(connection, "set local lock_timeout to default", cancel).ConfigureAwait(false);
        return entered;
    }

    public override async Task<bool> IsPreparedAsync(DbConnection connection, CancellationToken cancel)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"select 1 from pg_prepared_xacts where gid = {Literal}";
        return await command.ExecuteScalarAsync(cancel).ConfigureAwait(false) is not null;
    }

    public override Task PrepareAsync(DbConnection connection) =>
        ExecuteAsync(connection, $"prepare transaction {Literal}", CancellationToken.None);

    public override Task AbandonAsync(DbConnection connection) =>
        ExecuteAsync(connection, "rollback", CancellationToken.None);

    public override async Task<bool> FinishAsync(DbConnection connection, bool commit, CancellationToken cancel)
    {
        try
        {
            await ExecuteAsync(
                connection, $"{(commit ? "commit" : "rollback")} prepared {Literal}", cancel).ConfigureAwait(false);
            return true;
        }
        catch (DbException e) when (e.SqlState is NoSuchXid or Busy)
        {
            return false;
        }
    }

    public override async Task<bool> InsertSoonAsync(
        DbConnection connection, BarrierOptions options, BarrierKey key, string reason, CancellationToken cancel)
    {
        var transaction = await connection.BeginTransactionAsync(
            System.Data.IsolationLevel.ReadCommitted, cancel).ConfigureAwait(false);
        await using var disposing = transaction.ConfigureAwait(false);
        await ExecuteAsync(connection, "set local lock_timeout = '1s'", cancel, transaction).ConfigureAwait(false);
        var inserted = await new BarrierRows(connection, transaction, options)
            .InsertAsync(key, reason, cancel).ConfigureAwait(false);
        await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
        return inserted;
    }
}

using System.Data.Common;

namespace OrleansDtm.Client;

public sealed partial class BranchBarrier
{
    /// <summary>
    /// Answers query_prepared of a message: waits for a running local transaction, and permanently prevents one that
    /// has not started.
    /// </summary>
    /// <param name="connection">Connection to the database of the local transaction, without a transaction. A closed
    /// connection is opened and closed again.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>Success: the local transaction is committed. Failure: it never will be. Ongoing: it is still running
    /// after the lock timeout of the database.</returns>
    /// <exception cref="DbException">The database returned an error, or the command timeout was shorter than the lock
    /// wait; repeat the call.</exception>
    public async Task<BranchOutcome> QueryPreparedAsync(
        DbConnection connection, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await using var opened = (await OpenedConnection.OpenAsync(
            connection, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        var key = new BarrierKey(
            Context.TransType, Context.UniqueGid, MessageBranchId, BranchOps.Msg, FirstBarrierId);
        for (var attempt = 1; ; attempt++)
        {
            // In an explicit transaction: a session without autocommit would not keep it.
            var own = new AdoTransaction(
                await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false));
            await using var disposing = own.ConfigureAwait(false);
            try
            {
                var rows = new BarrierRows(connection, own.Transaction, _options);
                var reason = await rows.InsertAsync(key, BranchOps.Rollback, cancellationToken).ConfigureAwait(false)
                    ? BranchOps.Rollback
                    : await rows.ReadReasonAsync(key, cancellationToken).ConfigureAwait(false);
                await own.CommitAsync().ConfigureAwait(false);
                return reason switch
                {
                    BranchOps.Rollback => BranchOutcome.Failure,
                    null => throw new DtmException($"The barrier row of {Context.Gid} is missing: do not read from a "
                        + "replica, and do not delete recent rows.")
                    {
                        Gid = Context.Gid,
                    },
                    _ => BranchOutcome.Success,
                };
            }
            catch (DbException error)
            {
                await RollBackAsync(own, connection, error).ConfigureAwait(false);
                if (!IsHeldByAnother(error, connection, out var conflict))
                {
                    throw;
                }

                if (!conflict || attempt == Attempts)
                {
                    return BranchOutcome.Ongoing;
                }
            }

            await PauseAsync(attempt, cancellationToken).ConfigureAwait(false);
        }
    }
}

using System.Data.Common;

namespace OrleansDtm.Client;

public sealed partial class BranchBarrier
{
    /// <summary>
    /// Answers the coordinator's question whether a prepared message was meant: waits for the local transaction if it is under way, and
    /// rules it out if it has not begun, for good.
    /// </summary>
    /// <param name="connection">To the database of the local transaction, without a transaction. If it is closed it is opened, and closed again.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>
    /// Success: the local transaction is committed. Failure: it never will be. Ongoing: it is still under way, after as long as the database
    /// lets one wait for a lock.
    /// </returns>
    /// <exception cref="DbException">The database said no, or the timeout of the command was shorter than that wait; ask again.</exception>
    public async Task<BranchOutcome> QueryPreparedAsync(DbConnection connection, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await using var opened = (await OpenedConnection.OpenAsync(connection, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        var key = new BarrierKey(Context.TransType, Context.Gid, MessageBranchId, BranchOps.Msg, FirstBarrierId);
        for (var attempt = 1; ; attempt++)
        {
            // In a transaction that is said: by itself a session may not commit, and what is ruled out must stay so.
            var own = new AdoTransaction(await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false));
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
                    null => throw new DtmException($"The barrier row of {Context.Gid} is gone: do not read from a replica, nor delete rows of today.")
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
        }
    }
}

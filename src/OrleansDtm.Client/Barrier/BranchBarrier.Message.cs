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
    /// lets one wait.
    /// </returns>
    /// <exception cref="DbException">The database said no; ask again.</exception>
    public async Task<BranchOutcome> QueryPreparedAsync(DbConnection connection, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await using var opened = (await OpenedConnection.OpenAsync(connection, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        var rows = new BarrierRows(connection, null, _options);
        var key = new BarrierKey(Context.TransType, Context.Gid, MessageBranchId, BranchOps.Msg, FirstBarrierId);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await rows.InsertAsync(key, BranchOps.Rollback, cancellationToken).ConfigureAwait(false);
                var reason = await rows.PeekReasonAsync(key, cancellationToken).ConfigureAwait(false);
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
            catch (DbException error) when (IsHeldByAnother(error, connection, out var conflict))
            {
                if (!conflict || attempt == Attempts)
                {
                    return BranchOutcome.Ongoing;
                }
            }
        }
    }
}

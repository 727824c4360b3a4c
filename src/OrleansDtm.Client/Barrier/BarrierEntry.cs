namespace OrleansDtm.Client;

/// <summary>
/// The result of a barrier, and the row that shows whether the transaction is still valid after the work.
/// </summary>
internal readonly record struct BarrierEntry(BarrierResult Result, BarrierRows Rows, BarrierKey Key)
{
    /// <summary>Call it before a commit: detects a transaction that the database has already rolled back.</summary>
    /// <exception cref="DtmException">It was rolled back.</exception>
    /// <exception cref="System.Data.Common.DbException">It was rolled back.</exception>
    public async Task EnsureStandsAsync()
    {
        if (!await Rows.StandsAsync(Key).ConfigureAwait(false))
        {
            throw new DtmException(
                $"The transaction of {Key.Op} {Key.BranchId} of {Key.ToldGid} was rolled back while its work ran: the "
                + "work must not catch an error on which "
                + "the database rolls back, such as a deadlock, and must not end the transaction. Changes after that "
                + "may be committed.")
            {
                Gid = Key.ToldGid,
            };
        }
    }
}

namespace OrleansDtm.Client;

/// <summary>What a barrier made of a call, and the row to tell by whether that is still so after the business.</summary>
internal readonly record struct BarrierEntry(BarrierResult Result, BarrierRows Rows, BarrierKey Key)
{
    /// <summary>To be said before a commit: of a transaction that the database has undone it would be one of nothing.</summary>
    /// <exception cref="DtmException">It has undone it.</exception>
    /// <exception cref="System.Data.Common.DbException">Likewise.</exception>
    public async Task EnsureStandsAsync()
    {
        if (!await Rows.StandsAsync(Key).ConfigureAwait(false))
        {
            throw new DtmException(
                $"The transaction of {Key.Op} {Key.BranchId} of {Key.Gid} was undone while its business ran: the business must not catch an error on which "
                + "the database rolls back, such as a deadlock, nor end the transaction. What it did after that may stand.")
            {
                Gid = Key.Gid,
            };
        }
    }
}

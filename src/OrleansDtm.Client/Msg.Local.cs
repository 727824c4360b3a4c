using System.Data.Common;
using System.Runtime.ExceptionServices;

namespace OrleansDtm.Client;

public sealed partial class Msg
{
    /// <summary>
    /// The outbox: prepares, runs the local transaction behind a barrier, and submits if it has committed. Where the process dies on the
    /// way, or an answer gets lost, the coordinator asks <paramref name="queryPrepared"/> and goes on or gives up accordingly. Saying it
    /// again with the same gid does the local transaction once.
    /// </summary>
    /// <param name="queryPrepared">
    /// URL of an endpoint that answers by <see cref="BranchBarrier.QueryPreparedAsync"/> on the same database.
    /// </param>
    /// <param name="connection">To the database of the business, without a transaction. If it is closed it is opened, and closed again.</param>
    /// <param name="business">
    /// Works in the given transaction and ends it not; what it throws rolls it back, rules it out for this gid and aborts the message. To try
    /// again takes a new message.
    /// </param>
    /// <param name="cancellationToken">Ends it up to the commit; after that it goes on, and only a wait for the result ends.</param>
    /// <returns>As of a submit. The local transaction is committed.</returns>
    /// <exception cref="DtmUnavailableException">
    /// It was not prepared (the business did not run), or the submit did not arrive (it has committed; the coordinator will ask and go on).
    /// </exception>
    /// <exception cref="DtmConflictException">The coordinator asked first and was told that it will never be: it took too long, or the gid is old.</exception>
    /// <exception cref="DtmException">It was refused.</exception>
    public Task<TransactionResult> DoAndSubmitAsync(
        string queryPrepared, DbConnection connection, Func<DbTransaction, Task> business, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(business);
        var refused = false;
        return DoAndSubmitAsync(
            queryPrepared,
            barrier => barrier.CallAsync(connection, Watched, cancellationToken),
            // What the business throws has kept this one from committing; what else is thrown may hide a commit, which only others see for certain.
            barrier => refused ? RuleOutAsync(barrier, connection) : Task.FromResult<BranchOutcome?>(null),
            cancellationToken);

        async Task Watched(DbTransaction transaction)
        {
            try
            {
                await business(transaction).ConfigureAwait(false);
            }
            catch
            {
                refused = true;
                throw;
            }
        }
    }

    /// <summary>As the other, for local transactions of another kind, such as those of EF Core or Redis.</summary>
    /// <param name="queryPrepared">URL of an endpoint that answers whether the local transaction has committed.</param>
    /// <param name="local">
    /// Runs and commits the local transaction behind the given barrier. After any exception <paramref name="queryPrepared"/> is asked, which
    /// rules it out for this gid unless it has committed: then the message is aborted.
    /// </param>
    /// <param name="cancellationToken">Ends the prepare; after that it is for <paramref name="local"/> to observe it.</param>
    /// <returns>As of a submit. The local transaction is committed.</returns>
    /// <exception cref="DtmException">As in the other.</exception>
    public Task<TransactionResult> DoAndSubmitAsync(
        string queryPrepared, Func<BranchBarrier, Task> local, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(local);
        return DoAndSubmitAsync(queryPrepared, local, static _ => Task.FromResult<BranchOutcome?>(null), cancellationToken);
    }

    /// <summary>
    /// Aborts only what was ruled out first: the same local transaction may be under way in another process, or come late, and must then
    /// find that it is too late rather than commit without its message.
    /// </summary>
    private async Task<TransactionResult> DoAndSubmitAsync(
        string queryPrepared, Func<BranchBarrier, Task> local, Func<BranchBarrier, Task<BranchOutcome?>> ruleOut, CancellationToken cancellationToken)
    {
        var barrier = BranchBarrier.ForMessage(Gid, _dtm.Options.Barrier);
        await PrepareAsync(queryPrepared, cancellationToken).ConfigureAwait(false);
        try
        {
            await local(barrier).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            var outcome = await ruleOut(barrier).ConfigureAwait(false) ?? await AskAsync(queryPrepared).ConfigureAwait(false);
            if (outcome == BranchOutcome.Failure)
            {
                await _dtm.AbortAfterAsync(Request(), e).ConfigureAwait(false);
            }

            if (outcome != BranchOutcome.Success)
            {
                ExceptionDispatchInfo.Throw(e);
            }

            // It has committed, now or in another attempt: the message is due, and the caller has what was asked for.
        }

        return await SubmitCommittedAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>With no token unless there is a result to wait for: the local transaction has committed, so the message must go.</summary>
    private async Task<TransactionResult> SubmitCommittedAsync(CancellationToken cancellationToken)
    {
        var request = Request();
        try
        {
            var wait = request.WaitResult == true && !cancellationToken.IsCancellationRequested;
            request.WaitResult = wait ? true : null;
            return await _dtm.SubmitForCertainAsync(request, wait ? cancellationToken : CancellationToken.None).ConfigureAwait(false);
        }
        catch (DtmConflictException e) when (e.Status is GlobalStatus.Submitted or GlobalStatus.Succeeded)
        {
            return new TransactionResult(Gid, e.Status.Value); // The coordinator has asked meanwhile.
        }
    }

    /// <summary>Asks as the coordinator would. Null = no answer that tells: the coordinator will ask again.</summary>
    private async Task<BranchOutcome?> AskAsync(string queryPrepared)
    {
        try
        {
            await _dtm.Branches.CallAsync(Request(), BranchBarrier.MessageBranchId, BranchOps.Msg, queryPrepared, null, null, CancellationToken.None)
                .ConfigureAwait(false);
            return BranchOutcome.Success;
        }
        catch (BranchFailureException)
        {
            return BranchOutcome.Failure;
        }
        catch (Exception e)
        {
            _dtm.LogAskFailed(e, Gid); // Whatever it is: the caller must see why the question came up.
            return null;
        }
    }

    /// <summary>As the query endpoint would, but where the business has just been. Null = no answer that tells.</summary>
    private async Task<BranchOutcome?> RuleOutAsync(BranchBarrier barrier, DbConnection connection)
    {
        try
        {
            return await barrier.QueryPreparedAsync(connection, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _dtm.LogAskFailed(e, Gid);
            return null;
        }
    }
}

using System.Data.Common;
using System.Runtime.ExceptionServices;

namespace OrleansDtm.Client;

public sealed partial class Msg
{
    /// <summary>
    /// The outbox: prepares, runs the local transaction with a barrier, and submits if it committed. If the process
    /// crashes or a response is lost, the coordinator calls <paramref name="queryPrepared"/> and continues or aborts.
    /// With the same gid the local transaction runs once.
    /// </summary>
    /// <param name="queryPrepared">URL of an endpoint that returns <see cref="BranchBarrier.QueryPreparedAsync"/> for
    /// the same database.</param>
    /// <param name="connection">Connection to the branch's database, without a transaction. A closed connection is
    /// opened and closed again.</param>
    /// <param name="business">The work in the given transaction; it must not end the transaction. An exception rolls
    /// back, prevents a later commit for this gid, and aborts the message. Retry with a new message.</param>
    /// <param name="cancellationToken">Cancels up to the commit; after it, only a wait for the result.</param>
    /// <returns>As of a submit. The local transaction has committed.</returns>
    /// <exception cref="DtmUnavailableException">The prepare failed (the work did not run), or the submit failed (the
    /// work has committed; the coordinator calls query_prepared and continues).</exception>
    /// <exception cref="DtmConflictException">The coordinator has called query_prepared first, and the answer was no:
    /// it took too long, or the gid was used before.</exception>
    /// <exception cref="DtmException">It was refused.</exception>
    public Task<TransactionResult> DoAndSubmitAsync(
        string queryPrepared, DbConnection connection, Func<DbTransaction, Task> business,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(business);
        DbTransaction? local = null;
        return DoAndSubmitAsync(
            queryPrepared,
            (barrier, work) => barrier.CallAsync(
                connection,
                transaction =>
                {
                    local = transaction;
                    return work();
                },
                cancellationToken),
            barrier => barrier.QueryPreparedAsync(connection, CancellationToken.None),
            () => business(local!),
            cancellationToken);
    }

    /// <summary>The outbox over any kind of local transaction.</summary>
    /// <param name="queryPrepared">See the other.</param>
    /// <param name="local">Runs the work with the barrier, and commits.</param>
    /// <param name="query">Tells whether the local transaction committed, and prevents a later commit.</param>
    /// <param name="business">The work.</param>
    /// <param name="cancellationToken">See the other.</param>
    internal Task<TransactionResult> DoAndSubmitAsync(
        string queryPrepared,
        Func<BranchBarrier, Func<Task>, Task> local,
        Func<BranchBarrier, Task<BranchOutcome>> query,
        Func<Task> business,
        CancellationToken cancellationToken)
    {
        var refused = false;
        return DoAndSubmitAsync(
            queryPrepared,
            barrier => local(barrier, Watched),
            // An exception of the work means that this attempt did not commit; any other exception can hide a commit.
            barrier => refused ? RuleOutAsync(barrier, query) : Task.FromResult<BranchOutcome?>(null),
            cancellationToken);

        async Task Watched()
        {
            try
            {
                await business().ConfigureAwait(false);
            }
            catch
            {
                refused = true;
                throw;
            }
        }
    }

    /// <summary>The same for other local transactions, such as those of EF Core or Redis.</summary>
    /// <param name="queryPrepared">URL of an endpoint that tells whether the local transaction committed.</param>
    /// <param name="local">Runs and commits the local transaction with the given barrier. After any exception
    /// <paramref name="queryPrepared"/> is called, which prevents a later commit for this gid unless it has committed:
    /// then the message is aborted.</param>
    /// <param name="cancellationToken">Cancels the prepare; after it, <paramref name="local"/> must observe it.</param>
    /// <returns>As of a submit. The local transaction has committed.</returns>
    /// <exception cref="DtmException">As in the other.</exception>
    public Task<TransactionResult> DoAndSubmitAsync(
        string queryPrepared, Func<BranchBarrier, Task> local, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(local);
        return DoAndSubmitAsync(
            queryPrepared, local, static _ => Task.FromResult<BranchOutcome?>(null), cancellationToken);
    }

    /// <summary>
    /// Aborts only after a later commit is prevented: the same local transaction may run in another process, or late,
    /// and must fail rather than commit without its message.
    /// </summary>
    private async Task<TransactionResult> DoAndSubmitAsync(
        string queryPrepared, Func<BranchBarrier, Task> local, Func<BranchBarrier, Task<BranchOutcome?>> ruleOut,
        CancellationToken cancellationToken)
    {
        var barrier = BranchBarrier.OfMessage(Gid, _dtm.Namespace, _dtm.Options.Barrier);
        await PrepareAsync(queryPrepared, cancellationToken).ConfigureAwait(false);
        try
        {
            await local(barrier).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            var outcome = await ruleOut(barrier).ConfigureAwait(false)
                ?? await AskAsync(queryPrepared).ConfigureAwait(false);
            if (outcome == BranchOutcome.Failure)
            {
                await _dtm.AbortAfterAsync(Request(), e).ConfigureAwait(false);
            }

            if (outcome != BranchOutcome.Success)
            {
                ExceptionDispatchInfo.Throw(e);
            }

            // It has committed, here or in another attempt, so the message must be sent.
        }

        return await SubmitCommittedAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Without a token unless the result is awaited: the local transaction has committed, so the message must be sent.
    /// </summary>
    private async Task<TransactionResult> SubmitCommittedAsync(CancellationToken cancellationToken)
    {
        var request = Request();
        try
        {
            var wait = request.WaitResult == true && !cancellationToken.IsCancellationRequested;
            request.WaitResult = wait ? true : null;
            return await _dtm.SubmitForCertainAsync(
                request, wait ? cancellationToken : CancellationToken.None).ConfigureAwait(false);
        }
        catch (DtmConflictException e) when (e.Status is GlobalStatus.Submitted or GlobalStatus.Succeeded)
        {
            return new TransactionResult(Gid, e.Status.Value); // The coordinator called query_prepared first.
        }
    }

    /// <summary>
    /// Calls query_prepared as the coordinator would. Null = no decisive response: the coordinator will call it again.
    /// </summary>
    private async Task<BranchOutcome?> AskAsync(string queryPrepared)
    {
        try
        {
            await _dtm.Branches.CallAsync(
                Request(),
                BranchBarrier.MessageBranchId,
                BranchOps.Msg,
                queryPrepared,
                null,
                null,
                CancellationToken.None)
                .ConfigureAwait(false);
            return BranchOutcome.Success;
        }
        catch (BranchFailureException)
        {
            return BranchOutcome.Failure;
        }
        catch (Exception e)
        {
            _dtm.LogAskFailed(e, Gid); // Any exception: the caller needs the original one.
            return null;
        }
    }

    /// <summary>Queries the barrier here, as the endpoint would. Null = no decisive result.</summary>
    private async Task<BranchOutcome?> RuleOutAsync(
        BranchBarrier barrier, Func<BranchBarrier, Task<BranchOutcome>> query)
    {
        try
        {
            return await query(barrier).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _dtm.LogAskFailed(e, Gid);
            return null;
        }
    }
}

using Microsoft.EntityFrameworkCore;

namespace OrleansDtm.Client.EntityFrameworkCore;

/// <summary>The outbox for Entity Framework Core.</summary>
public static class OutboxExtensions
{
    /// <summary>
    /// The outbox: prepares the message, runs the work and saves the changes of the context in one transaction with a
    /// barrier row, and submits if it committed. If the process crashes or a response is lost, the coordinator calls
    /// <paramref name="queryPrepared"/> and continues or aborts. With the same gid the work runs once.
    /// </summary>
    /// <remarks>
    /// An execution strategy that retries (EnableRetryOnFailure) may run the work again with a cleared change tracker,
    /// so the work must load what it changes.
    /// </remarks>
    /// <param name="message">The message with its steps.</param>
    /// <param name="queryPrepared">URL of an endpoint that returns
    /// <see cref="BranchBarrierExtensions.QueryPreparedAsync"/> for the same database, such as one of
    /// MapQueryPrepared.</param>
    /// <param name="context">The context, without a transaction.</param>
    /// <param name="business">The work on the context. An exception rolls back, prevents a later commit for this gid,
    /// and aborts the message. Retry with a new message.</param>
    /// <param name="cancellationToken">Cancels up to the commit; after it, only a wait for the result.</param>
    /// <returns>As of a submit. The local transaction has committed.</returns>
    /// <exception cref="InvalidOperationException">The context has a transaction: its end cannot be observed. Or it has
    /// unsaved changes, which a retry of the execution strategy would lose.</exception>
    /// <exception cref="DtmUnavailableException">The prepare failed (the work did not run), or the submit failed (the
    /// work has committed; the coordinator calls query_prepared and continues).</exception>
    /// <exception cref="DtmConflictException">The coordinator has called query_prepared first, and the answer was no:
    /// it took too long, or the gid was used before.</exception>
    /// <exception cref="DtmException">It was refused.</exception>
    public static Task<TransactionResult> DoAndSubmitAsync(
        this Msg message, string queryPrepared, DbContext context, Func<Task> business,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(business);
        if (context.Database.CurrentTransaction is not null)
        {
            throw new InvalidOperationException(
                "The context has a transaction, whose commit the outbox cannot observe. Call DoAndSubmitAsync without "
                + "one; it begins and commits its own.");
        }

        // Before the prepare, so that nothing has to be aborted.
        BranchBarrierExtensions.RequireSavedChanges(context, context.Database.CreateExecutionStrategy());
        return message.DoAndSubmitAsync(
            queryPrepared,
            (barrier, work) => barrier.CallAsync(context, work, cancellationToken),
            barrier => barrier.QueryPreparedAsync(context, CancellationToken.None),
            business,
            cancellationToken);
    }
}

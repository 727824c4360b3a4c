using System.Data;
using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace OrleansDtm.Client.EntityFrameworkCore;

/// <summary>Barriers for the connection and transaction of a <see cref="DbContext"/>.</summary>
public static class BranchBarrierExtensions
{
    /// <summary>
    /// Runs the work and saves its changes: in the context's current transaction, which the caller then commits
    /// whatever the result is, or else in its own, which is committed, or rolled back after an exception.
    /// </summary>
    /// <remarks>
    /// An execution strategy that retries (EnableRetryOnFailure) may run the work again. Before that the change tracker
    /// is cleared, so the work must load what it changes. The barrier row shows whether a commit whose response was
    /// lost succeeded. If the caller has started the context's transaction, within its own strategy.ExecuteAsync, the
    /// barrier cannot observe the commit: use <see cref="BranchBarrier.Named"/> before the strategy; otherwise each
    /// attempt counts as another barrier, and the work may run twice.
    /// </remarks>
    /// <param name="barrier">The barrier of the call.</param>
    /// <param name="context">The context.</param>
    /// <param name="business">The work on the context. Not called if the barrier skips it.</param>
    /// <param name="cancellationToken">Cancels the wait for the barrier; a started commit is not interrupted.</param>
    /// <returns>Whether the work ran, and if not, why.</returns>
    /// <exception cref="InvalidOperationException">The context has unsaved changes, which a retry would
    /// lose.</exception>
    /// <exception cref="BranchOngoingException">The same call holds the row in another transaction, for longer than the
    /// lock timeout of the database.</exception>
    /// <exception cref="DtmConflictException">The local transaction of a message (op msg) has run before, or must not
    /// run any more.</exception>
    /// <exception cref="DbException">The database returned an error; nothing was done, unless the response to the
    /// commit was lost.</exception>
    /// <exception cref="DbUpdateException">The database refused the changes; nothing was done.</exception>
    public static Task<BarrierResult> CallAsync(
        this BranchBarrier barrier, DbContext context, Func<Task> business,
        CancellationToken cancellationToken = default) =>
        barrier.CallAsync(context, IsolationLevel.Unspecified, business, cancellationToken);

    /// <summary>The same with an isolation level for its own transaction.</summary>
    /// <param name="barrier">The barrier of the call.</param>
    /// <param name="context">The context.</param>
    /// <param name="isolation">The isolation level; the barrier works with any. Unspecified = the default of the
    /// database. Not used in the context's current transaction.</param>
    /// <param name="business">The work on the context. Not called if the barrier skips it.</param>
    /// <param name="cancellationToken">Cancels the wait for the barrier; a started commit is not interrupted.</param>
    /// <returns>Whether the work ran, and if not, why.</returns>
    /// <exception cref="InvalidOperationException">The context has unsaved changes, which a retry would
    /// lose.</exception>
    /// <exception cref="BranchOngoingException">The same call holds the row in another transaction, for longer than the
    /// lock timeout of the database.</exception>
    /// <exception cref="DtmConflictException">The local transaction of a message (op msg) has run before, or must not
    /// run any more.</exception>
    /// <exception cref="DbException">The database returned an error; nothing was done, unless the response to the
    /// commit was lost.</exception>
    /// <exception cref="DbUpdateException">The database refused the changes; nothing was done.</exception>
    public static async Task<BarrierResult> CallAsync(
        this BranchBarrier barrier,
        DbContext context,
        IsolationLevel isolation,
        Func<Task> business,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(barrier);
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(business);
        if (context.Database.CurrentTransaction is { } current)
        {
            return await barrier.CallAsync(
                current.GetDbTransaction(), _ => Save(true), cancellationToken).ConfigureAwait(false);
        }

        var strategy = context.Database.CreateExecutionStrategy();
        RequireSavedChanges(context, strategy);
        var (attempts, committing) = (0, false);
        return await barrier // One number for all attempts.
            .CountedAsync(barrierId => strategy.ExecuteAsync(cancel => Attempt(barrierId, cancel), cancellationToken))
            .ConfigureAwait(false);

        async Task<BarrierResult> Attempt(string barrierId, CancellationToken cancel)
        {
            if (attempts++ > 0)
            {
                context.ChangeTracker.Clear();
            }

            var before = committing;
            await context.Database.OpenConnectionAsync(cancel).ConfigureAwait(false);
            try
            {
                var result = await barrier
                    .RunAsync(context.Database.GetDbConnection(), Begin, _ => Save(false), barrierId, cancel)
                    .ConfigureAwait(false);
                if (result == BarrierResult.Executed)
                {
                    // Otherwise nothing was saved: the changes are still the caller's.
                    context.ChangeTracker.AcceptAllChanges();
                }

                // Executed by the commit whose response was lost.
                return before && result == BarrierResult.Duplicate ? BarrierResult.Executed : result;
            }
            catch (DtmConflictException e) when (before && e.Reason == BranchOps.Msg)
            {
                return BarrierResult.Executed; // As above.
            }
            finally
            {
                await context.Database.CloseConnectionAsync().ConfigureAwait(false);
            }

            async Task<OwnTransaction> Begin() =>
                new EfTransaction(
                    await context.Database.BeginTransactionAsync(isolation, cancel).ConfigureAwait(false));
        }

        async Task Save(bool acceptAllChanges)
        {
            await business().ConfigureAwait(false);
            await context.SaveChangesAsync(acceptAllChanges, cancellationToken).ConfigureAwait(false);
            committing = true;
        }
    }

    /// <summary>
    /// As <see cref="BranchBarrier.QueryPreparedAsync"/>, with the connection and execution strategy of a context.
    /// </summary>
    /// <param name="barrier">The barrier of the call.</param>
    /// <param name="context">The context of the local transaction, without a transaction.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>Success: the local transaction is committed. Failure: it never will be. Ongoing: it is still
    /// running.</returns>
    /// <exception cref="DbException">The database returned an error; repeat the call.</exception>
    public static Task<BranchOutcome> QueryPreparedAsync(
        this BranchBarrier barrier, DbContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(barrier);
        ArgumentNullException.ThrowIfNull(context);
        return context.Database.CreateExecutionStrategy().ExecuteAsync(
            cancel => barrier.QueryPreparedAsync(context.Database.GetDbConnection(), cancel), cancellationToken);
    }

    internal static void RequireSavedChanges(DbContext context, IExecutionStrategy strategy)
    {
        if (strategy.RetriesOnFailure && context.ChangeTracker.HasChanges())
        {
            throw new InvalidOperationException("The context has unsaved changes, which a retry would lose: save them "
                + "before, or make them in the work.");
        }
    }
}

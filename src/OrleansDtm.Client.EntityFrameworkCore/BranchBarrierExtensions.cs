using System.Data;
using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace OrleansDtm.Client.EntityFrameworkCore;

/// <summary>Barriers over the connection and transaction of a <see cref="DbContext"/>.</summary>
public static class BranchBarrierExtensions
{
    /// <summary>
    /// Runs the business and saves what it changed, in the context's transaction if it has one, which the caller then commits whatever the
    /// result is; else in one of its own, which is committed, or rolled back when anything throws.
    /// </summary>
    /// <remarks>
    /// An execution strategy that retries (EnableRetryOnFailure) may run the business again: before that everything the context tracks is
    /// dropped, so the business must load what it changes. The row of the barrier shows whether a commit whose answer got lost was done. Where
    /// the caller has begun the context's transaction, within a strategy.ExecuteAsync of its own, the barrier cannot see what became of the
    /// commit: take <see cref="BranchBarrier.Named"/> before the strategy, or attempts count as barriers of their own and the business may be
    /// done twice.
    /// </remarks>
    /// <param name="barrier">Of the call.</param>
    /// <param name="context">Of the business.</param>
    /// <param name="business">Works on the context. Not called when the barrier says no.</param>
    /// <param name="cancellationToken">Ends the waiting for the barrier; a commit that has begun is not interrupted.</param>
    /// <returns>Whether the business ran, and if not, why.</returns>
    /// <exception cref="InvalidOperationException">The context holds unsaved changes, which a retry would lose.</exception>
    /// <exception cref="BranchOngoingException">The same call holds the row in another transaction, for longer than the database lets one wait.</exception>
    /// <exception cref="DtmConflictException">The local transaction of a message (op msg) was done before, or ruled out.</exception>
    /// <exception cref="DbException">The database said no; nothing was done, unless it was the commit whose answer got lost.</exception>
    /// <exception cref="DbUpdateException">The database refused the changes; nothing was done.</exception>
    public static Task<BarrierResult> CallAsync(
        this BranchBarrier barrier, DbContext context, Func<Task> business, CancellationToken cancellationToken = default) =>
        barrier.CallAsync(context, IsolationLevel.Unspecified, business, cancellationToken);

    /// <summary>As the other, where a transaction of its own has that isolation.</summary>
    /// <param name="barrier">Of the call.</param>
    /// <param name="context">Of the business.</param>
    /// <param name="isolation">The barrier works with any; Unspecified = the default of the database. No matter in the context's own transaction.</param>
    /// <param name="business">Works on the context. Not called when the barrier says no.</param>
    /// <param name="cancellationToken">Ends the waiting for the barrier; a commit that has begun is not interrupted.</param>
    /// <returns>Whether the business ran, and if not, why.</returns>
    /// <exception cref="InvalidOperationException">The context holds unsaved changes, which a retry would lose.</exception>
    /// <exception cref="BranchOngoingException">The same call holds the row in another transaction, for longer than the database lets one wait.</exception>
    /// <exception cref="DtmConflictException">The local transaction of a message (op msg) was done before, or ruled out.</exception>
    /// <exception cref="DbException">The database said no; nothing was done, unless it was the commit whose answer got lost.</exception>
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
            return await barrier.CallAsync(current.GetDbTransaction(), _ => Save(acceptAllChanges: true), cancellationToken).ConfigureAwait(false);
        }

        var strategy = context.Database.CreateExecutionStrategy();
        if (strategy.RetriesOnFailure && context.ChangeTracker.HasChanges())
        {
            throw new InvalidOperationException("The context holds unsaved changes, which a retry would lose: save them before, or make them in the business.");
        }

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
                    .RunAsync(context.Database.GetDbConnection(), Begin, _ => Save(acceptAllChanges: false), barrierId, cancel)
                    .ConfigureAwait(false);
                if (result == BarrierResult.Executed)
                {
                    context.ChangeTracker.AcceptAllChanges(); // Else none were saved: they are still the caller's.
                }

                return before && result == BarrierResult.Duplicate ? BarrierResult.Executed : result; // By the commit whose answer got lost.
            }
            catch (DtmConflictException e) when (before && e.Reason == BranchOps.Msg)
            {
                return BarrierResult.Executed; // Likewise.
            }
            finally
            {
                await context.Database.CloseConnectionAsync().ConfigureAwait(false);
            }

            async Task<OwnTransaction> Begin() =>
                new EfTransaction(await context.Database.BeginTransactionAsync(isolation, cancel).ConfigureAwait(false));
        }

        async Task Save(bool acceptAllChanges)
        {
            await business().ConfigureAwait(false);
            await context.SaveChangesAsync(acceptAllChanges, cancellationToken).ConfigureAwait(false);
            committing = true;
        }
    }

    /// <summary>As <see cref="BranchBarrier.QueryPreparedAsync"/>, over the connection of a context, repeated as its execution strategy says.</summary>
    /// <param name="barrier">Of the call.</param>
    /// <param name="context">Of the local transaction; without a transaction.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Success: the local transaction is committed. Failure: it never will be. Ongoing: it is still under way.</returns>
    /// <exception cref="DbException">The database said no; ask again.</exception>
    public static Task<BranchOutcome> QueryPreparedAsync(this BranchBarrier barrier, DbContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(barrier);
        ArgumentNullException.ThrowIfNull(context);
        return context.Database.CreateExecutionStrategy().ExecuteAsync(
            cancel => barrier.QueryPreparedAsync(context.Database.GetDbConnection(), cancel), cancellationToken);
    }
}

using System.Data;
using Microsoft.EntityFrameworkCore;

namespace OrleansDtm.Client.EntityFrameworkCore;

/// <summary>Lets branches of the ASP.NET Core package take a <see cref="DbContext"/>.</summary>
internal sealed class EfContextBarrier : IContextBarrier
{
    public bool Handles(Type type) => type.IsAssignableTo(typeof(DbContext));

    public async Task<BarrierResult> CallAsync(
        BranchBarrier barrier, object context, IsolationLevel isolation, Func<Task> business,
        CancellationToken cancellationToken)
    {
        var own = WithoutTransaction(context);
        try
        {
            return await barrier.CallAsync(own, isolation, business, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            own.ChangeTracker.Clear(); // A later SaveChanges in this request must not save what was rolled back.
            throw;
        }
    }

    public Task<BranchOutcome> QueryPreparedAsync(
        BranchBarrier barrier, object context, CancellationToken cancellationToken) =>
        barrier.QueryPreparedAsync(WithoutTransaction(context), cancellationToken);

    /// <summary>
    /// The transaction of a middleware could commit the barrier row of a branch that refused, or fail after the branch
    /// has answered.
    /// </summary>
    private static DbContext WithoutTransaction(object context)
    {
        var own = (DbContext)context;
        return own.Database.CurrentTransaction is null
            ? own
            : throw new InvalidOperationException(
                $"{own.GetType().Name} already has a transaction, begun by a middleware or filter. The barrier of a "
                + "branch begins and commits its own.");
    }
}

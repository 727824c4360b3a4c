using System.Data;
using Microsoft.EntityFrameworkCore;

namespace OrleansDtm.Client.EntityFrameworkCore;

/// <summary>Lets branches of the ASP.NET Core package take a <see cref="DbContext"/>.</summary>
internal sealed class EfContextBarrier : IContextBarrier
{
    public bool Handles(Type type) => type.IsSubclassOf(typeof(DbContext));

    public Task<BarrierResult> CallAsync(
        BranchBarrier barrier, object context, IsolationLevel isolation, Func<Task> business,
        CancellationToken cancellationToken) =>
        barrier.CallAsync((DbContext)context, isolation, business, cancellationToken);

    public Task<BranchOutcome> QueryPreparedAsync(
        BranchBarrier barrier, object context, CancellationToken cancellationToken) =>
        barrier.QueryPreparedAsync((DbContext)context, cancellationToken);
}

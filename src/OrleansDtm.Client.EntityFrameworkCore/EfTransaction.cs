using System.Data.Common;
using Microsoft.EntityFrameworkCore.Storage;

namespace OrleansDtm.Client.EntityFrameworkCore;

/// <summary>A transaction of a context, which must know its end.</summary>
internal sealed class EfTransaction(IDbContextTransaction transaction) : OwnTransaction
{
    public override DbTransaction Transaction => transaction.GetDbTransaction();

    public override Task CommitAsync() => transaction.CommitAsync(CancellationToken.None);

    public override Task RollBackAsync() => transaction.RollbackAsync(CancellationToken.None);

    public override ValueTask DisposeAsync() => transaction.DisposeAsync();
}

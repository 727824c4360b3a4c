using System.Data.Common;

namespace OrleansDtm.Client;

/// <summary>A transaction that the barrier starts and ends, of any API.</summary>
internal abstract class OwnTransaction : IAsyncDisposable
{
    public abstract DbTransaction Transaction { get; }

    /// <summary>Not cancellable: the outcome of a sent commit must be known.</summary>
    public abstract Task CommitAsync();

    /// <summary>Not cancellable: locks must be released.</summary>
    public abstract Task RollBackAsync();

    public abstract ValueTask DisposeAsync();
}

/// <summary>A transaction of ADO.NET.</summary>
internal sealed class AdoTransaction(DbTransaction transaction) : OwnTransaction
{
    public override DbTransaction Transaction => transaction;

    public override Task CommitAsync() => transaction.CommitAsync(CancellationToken.None);

    public override Task RollBackAsync() => transaction.RollbackAsync(CancellationToken.None);

    public override ValueTask DisposeAsync() => transaction.DisposeAsync();
}

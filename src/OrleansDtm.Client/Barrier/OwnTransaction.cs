using System.Data.Common;

namespace OrleansDtm.Client;

/// <summary>A transaction that the barrier began and ends, whoever's API it came from.</summary>
internal abstract class OwnTransaction : IAsyncDisposable
{
    public abstract DbTransaction Transaction { get; }

    /// <summary>Takes no cancellation: a commit that was sent must be heard of.</summary>
    public abstract Task CommitAsync();

    /// <summary>Takes no cancellation: locks must go.</summary>
    public abstract Task RollBackAsync();

    public abstract ValueTask DisposeAsync();
}

/// <summary>One of ADO.NET.</summary>
internal sealed class AdoTransaction(DbTransaction transaction) : OwnTransaction
{
    public override DbTransaction Transaction => transaction;

    public override Task CommitAsync() => transaction.CommitAsync(CancellationToken.None);

    public override Task RollBackAsync() => transaction.RollbackAsync(CancellationToken.None);

    public override ValueTask DisposeAsync() => transaction.DisposeAsync();
}

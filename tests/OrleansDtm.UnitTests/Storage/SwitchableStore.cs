using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Storage;

namespace OrleansDtm.UnitTests.Storage;

/// <summary>A store that can be unavailable: it then throws <see cref="StoreUnavailableException"/>.</summary>
internal sealed class SwitchableStore(ITransactionStore inner) : DelegatingStore(inner)
{
    public SwitchableStore()
        : this(new InMemoryTransactionStore())
    {
    }

    public volatile bool Away;

    /// <summary>Runs before the retention's deletions.</summary>
    public Action? OnDelete { get; set; }

    /// <summary>The database's clock; null = none.</summary>
    public TimeProvider? Clock { get; set; }

    public bool Started { get; private set; }

    public bool Disposed { get; private set; }

    public override Task<DateTimeOffset?> ReadClock(CancellationToken cancellationToken) =>
        Ask(_ => Task.FromResult(Clock?.GetUtcNow()));

    public override async Task Start(CancellationToken cancellationToken)
    {
        await base.Start(cancellationToken);
        Started = true;
    }

    public override Task<RetentionSlice> DeleteFinished(
        DateTimeOffset finishedBefore, long afterId, int limit, CancellationToken cancellationToken)
    {
        OnDelete?.Invoke();
        return base.DeleteFinished(finishedBefore, afterId, limit, cancellationToken);
    }

    public override ValueTask DisposeAsync()
    {
        Disposed = true;
        return base.DisposeAsync();
    }

    protected override Task<T> Ask<T>(Func<ITransactionStore, Task<T>> call) =>
        Away ? throw new StoreUnavailableException("nobody answers") : base.Ask(call);
}

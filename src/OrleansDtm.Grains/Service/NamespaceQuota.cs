using Microsoft.Extensions.Options;
using OrleansDtm.Core;
using OrleansDtm.Grains.Running;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Service;

/// <summary>
/// Bounds the unfinished transactions of each namespace other than the default one that this silo has accepted since
/// its start, whatever their callers.
/// </summary>
/// <param name="store">Tells which transactions have ended on other silos.</param>
/// <param name="options">The limits.</param>
public sealed class NamespaceQuota(ITransactionStore store, IOptions<DtmGrainOptions> options) : ITransactionObserver
{
    private readonly UnfinishedQuota _quota = new(store, options.Value.Clock);
    private readonly NamespaceLimits _limits = options.Value.Namespaces;

    /// <summary>The maximum of a namespace; 0 = unlimited.</summary>
    public int Max(string space)
    {
        ArgumentNullException.ThrowIfNull(space);
        return space.Length == 0 ? 0 : _limits.Unfinished.TryGetValue(space, out var max) ? max
            : _limits.UnfinishedMax;
    }

    /// <summary>Counts a transaction. <see cref="Release"/> must follow if a new one is not accepted.</summary>
    public ValueTask<QuotaPlace> TryTake(string gid)
    {
        var space = Namespaces.Of(gid);
        return _quota.TryTake(space, Max(space), gid);
    }

    /// <summary>The transaction was not accepted.</summary>
    public void Release(string gid) => _quota.Release(gid);

    void ITransactionObserver.OnBranchAnswered(Transaction state, TransactionEvent.BranchAnswered answer)
    {
    }

    void ITransactionObserver.OnFinished(Transaction state) => _quota.Release(state.Definition.Gid);
}

using Microsoft.Extensions.Logging;
using OrleansDtm.Core;
using OrleansDtm.Invokers;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Running;

/// <summary>What a <see cref="TransactionRunner"/> works with.</summary>
/// <param name="Store">Where the transaction is kept.</param>
/// <param name="Caller">Makes its calls.</param>
/// <param name="Clock">The time.</param>
/// <param name="Owner">This process, unlike any other that ever ran; not 0.</param>
/// <param name="KeepAlive">A wait up to this long is spent in memory; a longer one is left to the sweep.</param>
/// <param name="Log">For what needs somebody's attention.</param>
/// <param name="Observers">Told of what became durable; null = nobody.</param>
/// <param name="SoleOwner">No other process can own a transaction: what a foreign owner had under way is lost, not running.</param>
public sealed record RunnerServices(
    ITransactionStore Store,
    IBranchCaller Caller,
    TimeProvider Clock,
    long Owner,
    TimeSpan KeepAlive,
    ILogger Log,
    IReadOnlyList<ITransactionObserver>? Observers = null,
    bool SoleOwner = false)
{
    /// <summary><see cref="Observers"/>, to be gone over without an enumerator for each transition.</summary>
    internal ITransactionObserver[] Watching { get; } = [.. Observers ?? []];
}

/// <summary>Makes one call of a branch.</summary>
public interface IBranchCaller
{
    Task<CallResult> Call(BranchInvocation call);
}

/// <summary>
/// Watches transactions: told after the commit, on the transaction's own turn, so an implementation must return at once and never
/// throw.
/// </summary>
public interface ITransactionObserver
{
    /// <summary>A call was answered; <paramref name="state"/> is what followed.</summary>
    void OnBranchAnswered(Transaction state, TransactionEvent.BranchAnswered answer);

    /// <summary>The transaction has ended.</summary>
    void OnFinished(Transaction state);
}

/// <summary>Where a runner lives.</summary>
public interface IRunnerHost
{
    /// <summary>Requests for this transaction come here, and not to another silo. A host that is alone is always right.</summary>
    bool IsAtHome => true;

    /// <summary>Calls <see cref="TransactionRunner.Wake"/> then; replaces the moment asked for before; null = no moment.</summary>
    void WakeAt(DateTimeOffset? moment);

    /// <summary>There is nothing left to do here: the memory may be given back.</summary>
    void Done();

    /// <summary>The last call has been answered after <see cref="TransactionRunner.Close"/>: somebody else must go on, who cannot know.</summary>
    void Orphaned();
}

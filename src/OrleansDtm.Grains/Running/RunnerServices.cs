using Microsoft.Extensions.Logging;
using OrleansDtm.Core;
using OrleansDtm.Invokers;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Running;

/// <summary>The dependencies of a <see cref="TransactionRunner"/>.</summary>
/// <param name="Store">The transaction store.</param>
/// <param name="Caller">Makes branch calls.</param>
/// <param name="Clock">The clock.</param>
/// <param name="Owner">The unique owner number of this process; not 0.</param>
/// <param name="KeepAlive">The longest wait that keeps a transaction in memory; after a longer one the sweep loads it
/// again.</param>
/// <param name="Log">Receives warnings and errors.</param>
/// <param name="Observers">Notified of durable changes; null = none.</param>
/// <param name="SoleOwner">True if only this process owns transactions. Calls in flight of another owner are then
/// lost.</param>
/// <param name="Memory">Counts the transactions in memory; null = without a limit.</param>
public sealed record RunnerServices(
    ITransactionStore Store,
    IBranchCaller Caller,
    TimeProvider Clock,
    long Owner,
    TimeSpan KeepAlive,
    ILogger Log,
    IReadOnlyList<ITransactionObserver>? Observers = null,
    bool SoleOwner = false,
    LiveMemory? Memory = null)
{
    /// <summary><see cref="Observers"/> as an array, to avoid an enumerator for each transition.</summary>
    internal ITransactionObserver[] Watching { get; } = [.. Observers ?? []];

    /// <summary><see cref="Memory"/>, or one without a limit.</summary>
    internal LiveMemory Live { get; } = Memory ?? new LiveMemory(long.MaxValue);
}

/// <summary>Makes branch calls.</summary>
public interface IBranchCaller
{
    /// <summary>Makes one call. Errors of the service are outcomes.</summary>
    Task<CallResult> Call(BranchInvocation call);

    /// <summary>
    /// Cancels the calls of a transaction, because their outcome no longer matters. A call that has reached its service
    /// may still take effect.
    /// </summary>
    void Cancel(string gid);
}

/// <summary>
/// Observes transactions. Called after the commit, in the transaction's turn, so an implementation must return at once
/// and never throw.
/// </summary>
public interface ITransactionObserver
{
    /// <summary>Handles the result of a branch call; <paramref name="state"/> is the state after it.</summary>
    void OnBranchAnswered(Transaction state, TransactionEvent.BranchAnswered answer);

    /// <summary>Handles the end of a transaction.</summary>
    void OnFinished(Transaction state);

    /// <summary>Handles a call that is put aside; <paramref name="state"/> is the state after it.</summary>
    /// <param name="state">Not final.</param>
    /// <param name="index">The call; -1 = a workflow's callback.</param>
    void OnParked(Transaction state, int index)
    {
    }

    /// <summary>Handles the creation of a transaction and each change of its status, the end included.</summary>
    void OnStatusChanged(Transaction state)
    {
    }
}

/// <summary>The host of a runner.</summary>
public interface IRunnerHost
{
    /// <summary>True if the transaction is placed on this silo. Always true for a single host.</summary>
    bool IsAtHome => true;

    /// <summary>
    /// Schedules a call of <see cref="TransactionRunner.Wake"/>. Replaces the previous time; null = none.
    /// </summary>
    void WakeAt(DateTimeOffset? moment);

    /// <summary>Releases the runner: it has nothing left to do in memory.</summary>
    void Done();

    /// <summary>
    /// Reports that the last call ended after <see cref="TransactionRunner.Close"/>, so that another run continues.
    /// </summary>
    void Orphaned();
}

using System.Data;

namespace OrleansDtm.Client;

/// <summary>
/// Runs barriers in the contexts of an object-relational mapper. Its package registers the implementation.
/// </summary>
internal interface IContextBarrier
{
    /// <summary>Returns true for a type of context.</summary>
    bool Handles(Type type);

    /// <summary>Runs the work once, in a transaction of the context, and saves its changes.</summary>
    Task<BarrierResult> CallAsync(
        BranchBarrier barrier, object context, IsolationLevel isolation, Func<Task> business,
        CancellationToken cancellationToken);

    /// <summary>Tells whether the local transaction of a message has committed.</summary>
    Task<BranchOutcome> QueryPreparedAsync(
        BranchBarrier barrier, object context, CancellationToken cancellationToken);
}

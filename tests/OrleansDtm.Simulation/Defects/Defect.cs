using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Running;
using OrleansDtm.Simulation.Machines;
using OrleansDtm.Storage;

namespace OrleansDtm.Simulation.Defects;

/// <summary>
/// A deliberate fault of the coordinator, as a wrapper around its production code: its store, caller, clock, scheduler,
/// cluster or API. This base class changes nothing.
/// </summary>
internal class Defect
{
    public static Defect None { get; } = new();

    /// <summary>The number of intervals between two sweeps; 0 = no sweeps.</summary>
    public virtual int SweepsEvery => 1;

    public virtual ITransactionStore Store(ITransactionStore store, Process process) => store;

    public virtual IBranchCaller Caller(IBranchCaller caller, Process process) => caller;

    public virtual TimeProvider Clock(TimeProvider clock, Process process) => clock;

    /// <summary>Creates the <c>Transactions</c> of a process.</summary>
    public virtual Transactions Transactions(Process process, TurnScheduler scheduler) =>
        new(new Lazy<RunnerServices>(process.Services), Cluster(process.Cluster, process), process.Clock, Scheduler(
            scheduler, process));

    /// <summary>Wraps the turn scheduler.</summary>
    public virtual TurnScheduler Scheduler(TurnScheduler scheduler, Process process) => scheduler;

    /// <summary>Wraps the placement of transactions and the messages to them.</summary>
    public virtual ICluster Cluster(ICluster cluster, Process process) => cluster;

    /// <summary>Stops a process gracefully.</summary>
    public virtual Task Stop(Process process, CancellationToken cancellationToken) =>
        process.Transactions.Stop(cancellationToken);

    public virtual bool SoleOwner(bool alone) => alone;

    /// <summary>Sends a request to the transaction.</summary>
    public virtual Task<TransactionReply> Post(string word, Func<Task<TransactionReply>> post) => post();

    /// <summary>Changes a submission on its way to the transaction.</summary>
    public virtual Submission Submission(Submission submission) => submission;
}

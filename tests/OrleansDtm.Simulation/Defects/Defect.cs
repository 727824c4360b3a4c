using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Running;
using OrleansDtm.Simulation.Machines;
using OrleansDtm.Storage;

namespace OrleansDtm.Simulation.Defects;

/// <summary>
/// A deliberate fault of the coordinator, put around its production code from outside: around its store, its caller, its clock, its
/// scheduler, its cluster, its API. This one is none.
/// </summary>
internal class Defect
{
    public static Defect None { get; } = new();

    /// <summary>How many of its intervals lie between two sweeps; 0 = there are none.</summary>
    public virtual int SweepsEvery => 1;

    public virtual ITransactionStore Store(ITransactionStore store, Process process) => store;

    public virtual IBranchCaller Caller(IBranchCaller caller, Process process) => caller;

    public virtual TimeProvider Clock(TimeProvider clock, Process process) => clock;

    /// <summary>The door of a process.</summary>
    public virtual Transactions Transactions(Process process, TurnScheduler scheduler) =>
        new(new Lazy<RunnerServices>(process.Services), Cluster(process.Cluster, process), process.Clock, Scheduler(scheduler, process));

    /// <summary>Where its transactions take turns.</summary>
    public virtual TurnScheduler Scheduler(TurnScheduler scheduler, Process process) => scheduler;

    /// <summary>Where transactions live, and messages to them.</summary>
    public virtual ICluster Cluster(ICluster cluster, Process process) => cluster;

    /// <summary>It stops in an orderly way.</summary>
    public virtual Task Stop(Process process, CancellationToken cancellationToken) => process.Transactions.Stop(cancellationToken);

    public virtual bool SoleOwner(bool alone) => alone;

    /// <summary>A request on its way to the transaction.</summary>
    public virtual Task<TransactionReply> Post(string word, Func<Task<TransactionReply>> post) => post();

    /// <summary>What the submitter said on its way to the transaction.</summary>
    public virtual Submission Submission(Submission submission) => submission;
}

using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Running;
using OrleansDtm.Simulation.Machines;
using OrleansDtm.Storage;

namespace OrleansDtm.Simulation.Defects;

/// <summary>
/// A deliberate fault of the coordinator, put around its production code from outside: around its store, its caller, its clock, its
/// host, its API. This one is none.
/// </summary>
internal class Defect
{
    public static Defect None { get; } = new();

    /// <summary>How many of its intervals lie between two sweeps; 0 = there are none.</summary>
    public virtual int SweepsEvery => 1;

    public virtual ITransactionStore Store(ITransactionStore store, Process process) => store;

    public virtual IBranchCaller Caller(IBranchCaller caller, Process process) => caller;

    public virtual TimeProvider Clock(TimeProvider clock, Process process) => clock;

    public virtual IRunnerHost Host(IRunnerHost host, Process process) => host;

    public virtual bool SoleOwner(bool alone) => alone;

    /// <summary>A request on its way to the transaction.</summary>
    public virtual Task<TransactionReply> Post(string word, Func<Task<TransactionReply>> post) => post();

    /// <summary>What the submitter said on its way to the transaction.</summary>
    public virtual Submission Submission(Submission submission) => submission;
}

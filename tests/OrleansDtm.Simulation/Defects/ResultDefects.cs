using OrleansDtm.Core;
using OrleansDtm.Grains.Running;
using OrleansDtm.Invokers;
using OrleansDtm.Simulation.Machines;
using OrleansDtm.Storage;

namespace OrleansDtm.Simulation.Defects;

/// <summary>Results are not stored: an owner that reads the row has none.</summary>
internal sealed class ResultsForgotten : Defect
{
    public override ITransactionStore Store(ITransactionStore store, Process process) => new Forgetful(store);

    private sealed class Forgetful(ITransactionStore inner) : StoreDefect(inner)
    {
        public override async Task<StoredTransaction?> Load(string gid, CancellationToken cancellationToken)
        {
            var stored = await Inner.Load(gid, cancellationToken);
            return stored is null ? null : stored with
            {
                Transaction = stored.Transaction with
                {
                    Branches = [.. stored.Transaction.Branches.Select(static b => b with { Result = null })],
                },
            };
        }
    }
}

/// <summary>An answer is taken for that of another call.</summary>
internal sealed class AnswersMixedUp : Defect
{
    private StepResult? _last;

    public override IBranchCaller Caller(IBranchCaller caller, Process process) => new Mixed(this, caller);

    private sealed class Mixed(AnswersMixedUp defect, IBranchCaller inner) : IBranchCaller
    {
        public async Task<CallResult> Call(BranchInvocation call)
        {
            var result = await inner.Call(call);
            if (result.Outcome.Answer is not { } answer)
            {
                return result;
            }

            var wrong = defect._last ?? answer;
            defect._last = answer;
            return result with { Outcome = result.Outcome with { Answer = wrong } };
        }

        public void Cancel(string gid) => inner.Cancel(gid);
    }
}

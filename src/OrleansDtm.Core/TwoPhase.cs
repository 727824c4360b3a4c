using System.Globalization;

namespace OrleansDtm.Core;

/// <summary>
/// The common part of tcc and xa. Branches are registered while the transaction is prepared. The second phase then
/// calls them one after the other, all forward or all back. Branch i is stored as [2i] the call back, [2i + 1] the call
/// forward.
/// </summary>
internal abstract class TwoPhase : Pattern
{
    public override bool CreatedBySubmit => false;

    public override bool CreatedByPrepare => true;

    /// <summary>Returns the order of branches in the second phase.</summary>
    protected abstract IEnumerable<int> Order(int branches);

    public override string? Lacks(TransactionDefinition definition) => LacksTimeout(definition);

    public override DateTimeOffset? Deadline(Transaction state) => state.Status == TransactionStatus.Prepared
        ? state.Definition.Created + state.Definition.Options.TimeoutToFail
        : null;

    public override Rejection? OnAbort(Draft draft, string reason)
    {
        switch (draft.State.Status)
        {
            case TransactionStatus.Prepared:
                draft.TurnBack(reason);
                return null;
            case TransactionStatus.Aborting or TransactionStatus.Failed:
                return null; // A repeated abort.
            default:
                return CannotAbort(draft.State);
        }
    }

    public override Rejection? OnRegister(Draft draft, TransactionEvent.Register register) =>
        draft.State.Status == TransactionStatus.Prepared
            ? Register(draft, register, RejectionKind.Conflict)
            : TransactionMachine.NoPrepared(draft.State.Definition.Gid);

    public override void Advance(Draft draft)
    {
        if (Deadline(draft.State) <= draft.Now)
        {
            var seconds = draft.State.Definition.Options.TimeoutToFail.TotalSeconds;
            draft.TurnBack(string.Create(CultureInfo.InvariantCulture, $"Timeout after {seconds} seconds"));
        }

        switch (draft.State.Status)
        {
            case TransactionStatus.Submitted:
                Phase(draft, forward: 1, TransactionStatus.Succeed);
                break;
            case TransactionStatus.Aborting:
                Phase(draft, forward: 0, TransactionStatus.Failed);
                break;
        }
    }

    private void Phase(Draft draft, int forward, TransactionStatus end)
    {
        foreach (var branch in Order(draft.Count / 2))
        {
            var index = (2 * branch) + forward;
            if (draft[index].CanStart(draft.Now))
            {
                draft.Start(index);
            }

            if (draft[index].Status != BranchStatus.Succeed)
            {
                return; // Branches are called one after the other.
            }
        }

        draft.Finish(end);
    }
}

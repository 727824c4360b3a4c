using OrleansDtm.Core;

namespace OrleansDtm.UnitTests.Core;

/// <summary>The additional invariants of a saga: order, compensation, retry limit.</summary>
internal sealed class SagaLaws : Laws
{
    private readonly HashSet<int>[] _before;
    private int _actionErrors;

    public SagaLaws(TransactionRun run)
        : base(run) => _before = [.. Enumerable.Range(0, run.BranchCount).Select(i => Before(Options, i))];

    protected override bool Legal(TransactionStatus? from, TransactionStatus to) => (from, to) switch
    {
        (null, TransactionStatus.Submitted or TransactionStatus.Succeed) => true,
        // "failed" via "aborting" in one write.
        (TransactionStatus.Submitted, not TransactionStatus.Prepared) => true,
        (TransactionStatus.Aborting, TransactionStatus.Failed) => true,
        _ => false,
    };

    protected override bool? Accepts(Transaction before, TransactionEvent request) => request switch
    {
        TransactionEvent.Submit => before.Status == TransactionStatus.Submitted,
        TransactionEvent.Abort => false,
        _ => null,
    };

    protected override void NoteAnswer(Transaction before, TransactionEvent.BranchAnswered answer) => _actionErrors +=
        before.Status == TransactionStatus.Submitted
            && IsAction(answer.Index)
            && answer.Outcome.Kind == OutcomeKind.Unknown ? 1 : 0;

    protected override void JudgeCall(Transaction next, int index)
    {
        var step = index / 2;
        if (IsAction(index))
        {
            Hold(next.Status == TransactionStatus.Submitted, "an action is called only while submitted");
            Hold(!Called.Contains(index - 1) && !Done(next, index - 1), "no action after its compensation");
            Hold(
                _before[step].All(s => Done(next, ActionOf(s))),
                "an action is called only after the success of all before it");
            return;
        }

        Hold(next.Status == TransactionStatus.Aborting, "a compensation is called only while aborting");
        Hold(MayHaveRun(next, ActionOf(step)), "no compensation for an action that was never started");
        Hold(!Outstanding.Contains(ActionOf(step)), "a compensation waits until the call of its action has ended");
        Hold(
            !(next.At(ActionOf(step)).OrphanedUntil > next.Updated),
            "a compensation waits for calls of its action that were lost");
        var after = Enumerable.Range(0, _before.Length).Where(
            s => _before[s].Contains(step) && MayHaveRun(next, ActionOf(s)));
        Hold(after.All(s => Done(next, 2 * s)), "compensations run in the exact reverse of the order");
    }

    protected override void JudgeStatus(Transaction next)
    {
        var limit = Options.RetryLimit;
        Hold(
            limit == 0 || _actionErrors <= limit || next.Status != TransactionStatus.Submitted,
            "it turns back when errors exceed the limit");
        Hold(next.RetryCount == Math.Min(_actionErrors, limit), "errors of actions are counted up to the limit");
    }

    protected override void JudgeEnd(Transaction next)
    {
        for (var step = 0; step < _before.Length; step++)
        {
            var compensate = 2 * step;
            if (next.Status == TransactionStatus.Succeed)
            {
                Hold(Done(next, ActionOf(step)), "succeed means that every action answered success");
                Hold(!Called.Contains(compensate), "succeed means that nothing was compensated");
            }
            else if (!Stopped)
            {
                Hold(
                    !MayHaveRun(next, ActionOf(step)) || Done(next, compensate),
                    "failed means that all that may have run is compensated");
                Hold(
                    MayHaveRun(next, ActionOf(step)) || !Called.Contains(compensate),
                    "nothing is compensated that never started");
            }
        }
    }

    /// <summary>Returns all direct and indirect predecessors of a step.</summary>
    private static HashSet<int> Before(TransactionOptions options, int step)
    {
        if (!options.Concurrent)
        {
            return [.. Enumerable.Range(0, step)];
        }

        HashSet<int> all = [];
        Stack<int> open = new([step]);
        while (open.TryPop(out var one))
        {
            foreach (var before in options.Orders.GetValueOrDefault(one, []).Where(all.Add))
            {
                open.Push(before);
            }
        }

        return all;
    }

    private static bool IsAction(int index) => index % 2 == 1;

    private static int ActionOf(int step) => (2 * step) + 1;
}

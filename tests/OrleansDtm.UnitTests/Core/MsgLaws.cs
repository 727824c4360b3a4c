using OrleansDtm.Core;

namespace OrleansDtm.UnitTests.Core;

/// <summary>
/// The additional invariant of a message: it is sent if and only if its submitter or query_prepared decided so.
/// </summary>
internal sealed class MsgLaws(TransactionRun run) : Laws(run)
{
    private bool _meant;
    private bool _notMeant;
    private DateTimeOffset _from = TransactionRun.Start;

    protected override bool Legal(TransactionStatus? from, TransactionStatus to) => (from, to) switch
    {
        (null, not (TransactionStatus.Aborting or TransactionStatus.Failed)) => true,
        // "succeed" via "submitted" in one write.
        (TransactionStatus.Prepared, not TransactionStatus.Aborting) => true,
        (TransactionStatus.Submitted, TransactionStatus.Succeed or TransactionStatus.Failed) => true,
        _ => false,
    };

    protected override bool? Accepts(Transaction before, TransactionEvent request) => request switch
    {
        TransactionEvent.Submit => before.Status is TransactionStatus.Prepared or TransactionStatus.Submitted,
        TransactionEvent.Prepare => before.Status == TransactionStatus.Prepared,
        TransactionEvent.Abort => before.Status is TransactionStatus.Prepared or TransactionStatus.Failed,
        TransactionEvent.Register or TransactionEvent.FinishWorkflow => false,
        _ => null,
    };

    protected override void NoteRequest(TransactionEvent request, Decision decision, DateTimeOffset now)
    {
        if (request is TransactionEvent.Submit && decision.Rejection is null && !_meant)
        {
            _from = now;
        }

        _meant |= request is TransactionEvent.Submit && decision.Rejection is null;
        _notMeant |= request is TransactionEvent.Abort && decision.Rejection is null && !Stopped;
    }

    protected override void NoteAnswer(Transaction before, TransactionEvent.BranchAnswered answer)
    {
        if (answer.Index == Transaction.QueryIndex && before.Status == TransactionStatus.Prepared)
        {
            _meant |= answer.Outcome.Kind == OutcomeKind.Succeeded;
            _notMeant |= answer.Outcome.Kind == OutcomeKind.Failed;
        }
    }

    protected override void JudgeCall(Transaction next, int index)
    {
        if (index == Transaction.QueryIndex)
        {
            Hold(next.Status == TransactionStatus.Prepared, "nobody is asked about what is decided");
            Hold(
                Retried || next.Updated >= TransactionRun.Start + Options.TimeoutToFail,
                "nobody is asked before the time is up");
            return;
        }

        Hold(next.Status == TransactionStatus.Submitted, "an action is called only while submitted");
        Hold(
            Options.Delay == TimeSpan.Zero || next.Updated >= _from + Options.Delay,
            "nothing is sent before its delay is over");
        var before = Options.Concurrent ? 0 : index;
        Hold(
            Enumerable.Range(0, before).All(i => Done(next, i)),
            "an action is called only after the success of all before it");
    }

    protected override void JudgeStatus(Transaction next)
    {
        Hold(!(_meant && _notMeant), "no message is both meant and not meant");
        Hold(_meant || !Actions(next).Any(i => MayHaveRun(next, i)), "only what is meant is sent");
        Hold(
            next.Status != TransactionStatus.Prepared || !(_meant || _notMeant),
            "a decision is stored with the event that brought it");
    }

    protected override void JudgeEnd(Transaction next)
    {
        var succeeded = next.Status == TransactionStatus.Succeed;
        Hold(Stopped || succeeded == _meant, "a message is sent exactly if it is meant");
        Hold(!succeeded || Actions(next).All(i => Done(next, i)), "succeed means that every action answered success");
        Hold(succeeded || next.RollbackReason.Length > 0, "a message that is not sent says why");
    }

    private static IEnumerable<int> Actions(Transaction state) => Enumerable.Range(0, state.Branches.Length);
}

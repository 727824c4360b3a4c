using OrleansDtm.Core;

namespace OrleansDtm.UnitTests.Core;

/// <summary>
/// The additional invariants of a workflow: progress is recorded once, and a resumption follows only a time without
/// requests.
/// </summary>
internal sealed class WorkflowLaws(TransactionRun run) : Laws(run)
{
    private readonly Dictionary<string, byte[]> _recorded = [];

    protected override bool Legal(TransactionStatus? from, TransactionStatus to) => (from, to) switch
    {
        (null, TransactionStatus.Prepared) => true,
        (TransactionStatus.Prepared, TransactionStatus.Succeed or TransactionStatus.Failed) => true,
        _ => false,
    };

    protected override bool? Accepts(Transaction before, TransactionEvent request) => request switch
    {
        TransactionEvent.Prepare => true,
        TransactionEvent.Register e => before.Status == TransactionStatus.Prepared
            && e.Branches.All(
                b => !_recorded.TryGetValue(b.Id, out var payload) || b.Payload.Span.SequenceEqual(payload)),
        TransactionEvent.FinishWorkflow e => before.Status == TransactionStatus.Prepared || before.Status == e.Status,
        TransactionEvent.Submit or TransactionEvent.Abort => false,
        _ => null,
    };

    protected override bool Repeats(int index) => true;

    protected override bool MaySleep(Transaction next) => next.Definition.Query is not { Url.Length: > 0 };

    protected override void NoteRequest(TransactionEvent request, Decision decision, DateTimeOffset now)
    {
        var heard = request is TransactionEvent.Prepare && Called.Count == 0 && decision.Next!.Version == 0;
        if (request is TransactionEvent.Register register && decision.Rejection is null)
        {
            heard = _recorded.TryAdd(register.Branches[0].Id, register.Branches[0].Payload.ToArray());
        }

        if (heard && !Outstanding.Contains(Transaction.QueryIndex))
        {
            // The first delay starts at the stored time, which is truncated to milliseconds.
            Wait(Transaction.QueryIndex, now + Options.RetryInterval - Stories.Millisecond);
        }
    }

    protected override void JudgeCall(Transaction next, int index)
    {
        Hold(index == Transaction.QueryIndex, "nothing but the workflow itself is called");
        Hold(next.Status == TransactionStatus.Prepared, "a workflow that ended is not started again");
    }

    protected override void JudgeStatus(Transaction next)
    {
        var kept = next.Branches.Select(static b => b.Definition);
        Hold(next.Branches.Length == _recorded.Count, "progress is kept once");
        Hold(kept.All(d => d.Payload.Span.SequenceEqual(_recorded[d.Id])), "progress is kept as it was recorded first");
        Hold(!MaySleep(next) || next.WakeAt is null, "without a callback it never wakes");
    }

    protected override void JudgeEnd(Transaction next)
    {
        var (reason, result) = next.Status == TransactionStatus.Succeed ? ("", "result") : ("no", "");
        Hold(Stopped || (next.RollbackReason, next.Result) == (reason, result), "the end is what its SDK said");
    }
}

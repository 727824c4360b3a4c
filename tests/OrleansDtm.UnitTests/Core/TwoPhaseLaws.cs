using OrleansDtm.Core;

namespace OrleansDtm.UnitTests.Core;

/// <summary>
/// The additional invariants of tcc and xa: all forward or all back, one call after the other, and every registered
/// branch is called.
/// </summary>
internal sealed class TwoPhaseLaws(TransactionRun run) : Laws(run)
{
    /// <summary>The ids of the accepted branches in the order of registration.</summary>
    private readonly List<string> _accepted = [];

    protected override bool Legal(TransactionStatus? from, TransactionStatus to) => (from, to) switch
    {
        (null, TransactionStatus.Prepared) => true,
        (TransactionStatus.Prepared, _) => true,
        (TransactionStatus.Submitted, TransactionStatus.Succeed or TransactionStatus.Failed) => true,
        (TransactionStatus.Aborting, TransactionStatus.Failed) => true,
        _ => false,
    };

    protected override bool? Accepts(Transaction before, TransactionEvent request) => request switch
    {
        TransactionEvent.Submit => before.Status is TransactionStatus.Prepared or TransactionStatus.Submitted,
        TransactionEvent.Prepare => before.Status == TransactionStatus.Prepared,
        TransactionEvent.Abort =>
            before.Status is TransactionStatus.Prepared or TransactionStatus.Aborting or TransactionStatus.Failed,
        TransactionEvent.Register e =>
            before.Status == TransactionStatus.Prepared && e.Branches.All(b => IsNewOrSame(before, b)),
        TransactionEvent.FinishWorkflow => false,
        _ => null,
    };

    protected override void NoteRequest(TransactionEvent request, Decision decision, DateTimeOffset now)
    {
        if (request is TransactionEvent.Register register
            && decision.Rejection is null
            && !_accepted.Contains(register.Branches[0].Id))
        {
            _accepted.Add(register.Branches[0].Id);
        }
    }

    protected override void JudgeCall(Transaction next, int index)
    {
        var forward = index % 2 == 1;
        var decided = forward ? TransactionStatus.Submitted : TransactionStatus.Aborting;
        Hold(next.Status == decided, "the decision says in which direction is called");
        Hold(Outstanding.Count == 0, "the second phase makes one call at a time");
        var earlier = next.Definition.Type == TransactionType.Tcc
            ? Enumerable.Range((index / 2) + 1, (next.Branches.Length / 2) - (index / 2) - 1)
            : Enumerable.Range(0, index / 2);
        Hold(
            earlier.All(b => Done(next, (2 * b) + (index % 2))),
            "tcc goes against and xa with the order of registration");
    }

    protected override void JudgeStatus(Transaction next)
    {
        var kept = next.Branches.Select(static b => b.Definition.Id);
        var expected = _accepted.SelectMany(static id => new[] { id, id });
        Hold(expected.SequenceEqual(kept), "exactly the accepted branches are kept, in their order");
        Hold(Called.Select(static i => i % 2).Distinct().Count() <= 1, "never both forward and back for one gid");
        Hold(next.Status != TransactionStatus.Prepared || Called.Count == 0, "nobody is called before the decision");
    }

    protected override void JudgeEnd(Transaction next)
    {
        var forward = next.Status == TransactionStatus.Succeed ? 1 : 0;
        var calls = Enumerable.Range(0, next.Branches.Length / 2).Select(b => (2 * b) + forward);
        Hold(Stopped || calls.All(i => Done(next, i)), "every registered branch got its second phase");
        Hold(forward == 1 || next.RollbackReason.Length > 0, "whoever turned back said why");
    }

    private static bool IsNewOrSame(Transaction state, BranchOpDefinition branch) =>
        state.Branches.Select(static b => b.Definition).FirstOrDefault(d => (d.Id, d.Op) == (branch.Id, branch.Op))
            is not { } known
        || known.Payload.Span.SequenceEqual(branch.Payload.Span);
}

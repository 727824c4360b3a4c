using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.Tests.Core;

/// <summary>
/// What must hold of a saga whatever happens (the invariants that can be judged without a network). It keeps its own books of calls
/// and answers and believes the state only where it cannot know better.
/// </summary>
internal sealed class SagaLaws
{
    private readonly Submission _submission;
    private readonly HashSet<int>[] _before;
    private readonly HashSet<int> _called = [];
    private readonly HashSet<int> _succeeded = [];
    private readonly int[] _answers;
    private readonly int[] _errorsInARow;
    private readonly DateTimeOffset[] _notBefore;
    private readonly List<string> _story = [];
    private int _actionErrors;

    public SagaLaws(Submission submission)
    {
        _submission = submission;
        var steps = submission.Branches.Length / 2;
        _before = [.. Enumerable.Range(0, steps).Select(i => Before(submission.Definition.Options, i))];
        _answers = new int[2 * steps];
        _errorsInARow = new int[2 * steps];
        _notBefore = new DateTimeOffset[2 * steps];
    }

    /// <summary>Calls that were made and whose answer has not come; the model drops what a crash cuts off.</summary>
    public SortedSet<int> Outstanding { get; } = [];

    public bool Submitted { get; private set; }

    public bool Stopped { get; private set; }

    public void Tell(string line) => _story.Add(line);

    public void Hold(bool holds, string law)
    {
        if (!holds)
        {
            Assert.Fail($"Broken: {law}.{Environment.NewLine}{string.Join(Environment.NewLine, _story)}");
        }
    }

    public void Judge(Transaction? before, TransactionEvent occurred, Decision decision, DateTimeOffset now)
    {
        Submitted = true;
        var next = decision.Next!;
        var changed = !ReferenceEquals(before, next);
        Hold(next.Version == (before?.Version ?? 0), "deciding leaves the version alone");
        Hold(before is not { IsFinal: true } || !changed, "a final transaction never changes again");
        Hold(changed || decision.Calls.IsEmpty, "no call without a write before it");
        Hold(decision.Rejection is null || !changed, "a refusal changes nothing");
        Hold(Legal(before?.Status, next.Status), "only legal edges between statuses");
        Note(before, occurred, decision, next, now);
        foreach (var call in decision.Calls)
        {
            JudgeCall(next, call, now);
            Outstanding.Add(call.Index);
            _called.Add(call.Index);
            _notBefore[call.Index] = default;
        }

        JudgeState(next, now, changed || occurred is TransactionEvent.TimeDue or TransactionEvent.Resumed);
        if (next.IsFinal)
        {
            JudgeEnd(next);
        }
    }

    private static bool Legal(TransactionStatus? from, TransactionStatus to) => (from, to) switch
    {
        (null, TransactionStatus.Submitted or TransactionStatus.Succeed) => true,
        (TransactionStatus.Submitted, not TransactionStatus.Prepared) => true, // "failed" by way of "aborting" in one write
        (TransactionStatus.Aborting, TransactionStatus.Aborting or TransactionStatus.Failed) => true,
        _ => from == to,
    };

    /// <summary>Enters the event into the books.</summary>
    private void Note(Transaction? before, TransactionEvent occurred, Decision decision, Transaction next, DateTimeOffset now)
    {
        switch (occurred)
        {
            case TransactionEvent.BranchAnswered e when Outstanding.Remove(e.Index):
                if (before is { IsFinal: false })
                {
                    NoteAnswer(before, next, e, now);
                }

                break;
            case TransactionEvent.BranchAnswered or TransactionEvent.Abort:
                Hold(ReferenceEquals(before, next), "an answer nobody waits for, and an abort, change nothing");
                Hold(occurred is not TransactionEvent.Abort || decision.Rejection is not null, "a saga's abort is refused");
                break;
            case TransactionEvent.Submit when before is not null:
                Hold(ReferenceEquals(before, next), "a repeated submit has no effect");
                Hold(decision.Rejection is null == (before.Status == TransactionStatus.Submitted), "only while submitted a submit is repeated");
                break;
            case TransactionEvent.RetryNow when before is { IsFinal: false }:
                for (var i = 0; i < _notBefore.Length; i++)
                {
                    _errorsInARow[i] = _notBefore[i] == default ? _errorsInARow[i] : 0;
                    _notBefore[i] = default;
                }

                break;
            case TransactionEvent.ForceStop when before is { IsFinal: false }:
                Stopped = true;
                Hold(next.Status == TransactionStatus.Failed && decision.Calls.IsEmpty, "a force stop ends it and calls nobody");
                break;
        }
    }

    private void NoteAnswer(Transaction before, Transaction next, TransactionEvent.BranchAnswered answer, DateTimeOffset now)
    {
        var (index, kind) = (answer.Index, answer.Outcome.Kind);
        _answers[index]++;
        _actionErrors += before.Status == TransactionStatus.Submitted && IsAction(index) && kind == OutcomeKind.Unknown ? 1 : 0;
        if (kind == OutcomeKind.Succeeded)
        {
            _succeeded.Add(index);
            return;
        }

        var options = _submission.Definition.Options;
        _errorsInARow[index] = kind == OutcomeKind.Ongoing ? 0 : _errorsInARow[index] + 1;
        var doubled = options.RetryInterval * Math.Pow(2, Math.Max(0, _errorsInARow[index] - 1));
        var cap = options.RetryIntervalMax > options.RetryInterval ? options.RetryIntervalMax : options.RetryInterval;
        var wait = doubled < cap ? doubled : cap;
        _notBefore[index] = now + wait;
        var longest = (kind == OutcomeKind.Ongoing ? wait : wait * 1.2) + TimeSpan.FromMilliseconds(1);
        Hold(!(next.Branches[index].RetryAt > now + longest), "a retry waits no longer than a fifth over its interval");
    }

    private void JudgeCall(Transaction next, BranchCall call, DateTimeOffset now)
    {
        var index = call.Index;
        var step = index / 2;
        Hold(!Outstanding.Contains(index), "at most one call of a branch is under way");
        Hold(!_succeeded.Contains(index), "nothing is called again after it answered success");
        Hold(now >= _notBefore[index], "a retry is never early");
        Hold(call.Attempt == _answers[index] + 1, "an attempt counts the answers before it");
        Hold(ReferenceEquals(call.Branch, next.Branches[index].Definition) && call.Branch.Url.Length > 0, "the call is what was submitted");
        if (IsAction(index))
        {
            Hold(next.Status == TransactionStatus.Submitted, "an action is called only while submitted");
            Hold(!_called.Contains(index - 1) && !Done(next, index - 1), "no action after its compensation");
            Hold(_before[step].All(s => Done(next, ActionOf(s))), "an action is called only after the success of all before it");
            return;
        }

        Hold(next.Status == TransactionStatus.Aborting, "a compensation is called only while aborting");
        Hold(MayHaveRun(next, step), "no compensation for an action that was never started");
        Hold(!Outstanding.Contains(ActionOf(step)), "a compensation waits until the call of its action has ended");
        var after = Enumerable.Range(0, _before.Length).Where(s => _before[s].Contains(step) && MayHaveRun(next, s));
        Hold(after.All(s => Done(next, 2 * s)), "compensations run in the exact reverse of the order");
    }

    private void JudgeState(Transaction next, DateTimeOffset now, bool lookedAt)
    {
        Hold(next.Due is null == next.IsFinal, "due is null exactly when final");
        Hold(next.Finished is not null == next.IsFinal, "a finish time exactly when final");
        Hold(next.Status != TransactionStatus.Aborting || next.RollbackReason.Length > 0, "whoever turns back says why");
        var limit = _submission.Definition.Options.RetryLimit;
        Hold(limit == 0 || _actionErrors <= limit || next.Status != TransactionStatus.Submitted, "it turns back when errors exceed the limit");
        Hold(next.RetryCount == Math.Min(_actionErrors, limit), "errors of actions are counted up to the limit");
        for (var step = 0; step < _before.Length; step++)
        {
            var action = next.Branches[ActionOf(step)];
            Hold(action.Definition.Url.Length == 0 || action.Started == _called.Contains(ActionOf(step)), "started is what was called");
        }

        if (next.IsFinal)
        {
            return;
        }

        var inFlight = Enumerable.Range(0, next.Branches.Length).Where(i => next.Branches[i].InFlight);
        Hold(Outstanding.SetEquals(inFlight), "the state knows exactly the calls under way");
        Hold(next.LeaseUntil is not null == Outstanding.Count > 0, "a lease exactly while calls are under way");
        Hold(Outstanding.Count > 0 || next.WakeAt is not null, "no transaction sleeps for ever");
        var waits = next.Branches.Where(static b => !b.InFlight).Select(static b => b.RetryAt);
        Hold(waits.All(at => at is null || next.WakeAt <= at), "it wakes for its earliest retry");
        Hold(!lookedAt || next.WakeAt is null || next.WakeAt > now, "what is due is done");
    }

    private void JudgeEnd(Transaction next)
    {
        Hold(Stopped || Outstanding.Count == 0, "it ends by itself only when no call is under way");
        for (var step = 0; step < _before.Length; step++)
        {
            var compensate = 2 * step;
            if (next.Status == TransactionStatus.Succeed)
            {
                Hold(Done(next, ActionOf(step)), "succeed means that every action answered success");
                Hold(!_called.Contains(compensate), "succeed means that nothing was compensated");
            }
            else if (!Stopped)
            {
                Hold(!MayHaveRun(next, step) || Done(next, compensate), "failed means that all that may have run is compensated");
                Hold(MayHaveRun(next, step) || !_called.Contains(compensate), "nothing is compensated that never started");
            }
        }
    }

    /// <summary>It answered success, or there was nobody to call and the state says it is done.</summary>
    private bool Done(Transaction state, int index) => state.Branches[index].Definition.Url.Length > 0
        ? _succeeded.Contains(index)
        : state.Branches[index].Status == BranchStatus.Succeed;

    private bool MayHaveRun(Transaction state, int step) =>
        _called.Contains(ActionOf(step)) || (_submission.Branches[ActionOf(step)].Url.Length == 0 && state.Branches[ActionOf(step)].Started);

    /// <summary>All steps that must be done before this one, however far.</summary>
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

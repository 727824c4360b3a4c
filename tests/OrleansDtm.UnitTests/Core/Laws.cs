using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>
/// The invariants of every transaction that can be checked without a network. Keeps its own record of calls and
/// responses, and reads the state only for what that record does not contain. Derived classes add the invariants of a
/// pattern.
/// </summary>
internal abstract class Laws(TransactionRun run)
{
    /// <summary>The shortest delay, whatever a request asks for.</summary>
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(100);

    private readonly HashSet<int> _succeeded = [];
    private readonly Dictionary<int, int> _answers = [];
    private readonly Dictionary<int, int> _ongoingInARow = [];
    private readonly Dictionary<int, int> _errorsInARow = [];
    private readonly Dictionary<int, DateTimeOffset> _notBefore = [];
    private readonly List<string> _story = [];

    /// <summary>The calls in flight. The model removes calls that a crash ends.</summary>
    public SortedSet<int> Outstanding { get; } = [];

    public bool Stopped { get; private set; }

    /// <summary>The options of the transaction, including those that its submit set.</summary>
    protected TransactionOptions Options { get; private set; } = run.Submission.Definition.Options;

    /// <summary>True if a request made pending calls due.</summary>
    protected bool Retried { get; private set; }

    private DateTimeOffset? Hurried { get; set; }

    protected HashSet<int> Called { get; } = [];

    public static Laws Of(TransactionRun run) => run.Layout.Type switch
    {
        TransactionType.Saga => new SagaLaws(run),
        TransactionType.Msg => new MsgLaws(run),
        TransactionType.Workflow => new WorkflowLaws(run),
        _ => new TwoPhaseLaws(run),
    };

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
        var next = decision.Next!;
        var changed = !ReferenceEquals(before, next);
        Hold(next.Version == (before?.Version ?? 0), "deciding leaves the version alone");
        Hold(before is not { IsFinal: true } || !changed, "a final transaction never changes again");
        Hold(changed || decision.Calls.IsEmpty, "no call without a write before it");
        Hold(decision.Rejection is null || !changed, "a refusal changes nothing");
        Hold(before?.Status == next.Status || Legal(before?.Status, next.Status), "only legal edges between statuses");
        Note(before, occurred, decision, next, now);
        foreach (var call in decision.Calls)
        {
            JudgeAnyCall(next, call, now);
            Outstanding.Add(call.Index);
            Called.Add(call.Index);
            _notBefore.Remove(call.Index);
        }

        JudgeState(next, now, changed || occurred is TransactionEvent.TimeDue or TransactionEvent.Resumed);
        if (next.IsFinal)
        {
            var calling = Outstanding.Any(static i => i != Transaction.QueryIndex);
            Hold(Stopped || !calling, "it ends by itself only when no branch is being called");
            JudgeEnd(next);
        }

        JudgeRepetition(occurred, decision, now);
    }

    /// <summary>Returns true if the pattern allows this status change.</summary>
    protected abstract bool Legal(TransactionStatus? from, TransactionStatus to);

    /// <summary>
    /// Returns whether the pattern must accept the request in this state; <see langword="null"/> = the pattern does not
    /// decide that.
    /// </summary>
    protected abstract bool? Accepts(Transaction before, TransactionEvent request);

    /// <summary>Returns true if a successful call may be repeated.</summary>
    protected virtual bool Repeats(int index) => false;

    /// <summary>Returns true if only its submitter can continue it.</summary>
    protected virtual bool MaySleep(Transaction next) => false;

    protected virtual void NoteAnswer(Transaction before, TransactionEvent.BranchAnswered answer)
    {
    }

    protected virtual void NoteRequest(TransactionEvent request, Decision decision, DateTimeOffset now)
    {
    }

    protected abstract void JudgeCall(Transaction next, int index);

    protected virtual void JudgeStatus(Transaction next)
    {
    }

    protected abstract void JudgeEnd(Transaction next);

    /// <summary>Returns true if the call succeeded, or has no URL and is done according to the state.</summary>
    protected bool Done(Transaction state, int index) => state.At(index).Definition.Url.Length > 0
        ? _succeeded.Contains(index)
        : state.At(index).Status == BranchStatus.Succeed;

    protected bool MayHaveRun(Transaction state, int index) =>
        Called.Contains(index) || (state.At(index).Definition.Url.Length == 0 && state.At(index).Started);

    /// <summary>Sets the earliest time of a call, with the precision of stored times.</summary>
    protected void Wait(int index, DateTimeOffset until) => _notBefore[index] = until;

    private static IEnumerable<int> Indexes(Transaction state) =>
        Enumerable.Range(0, state.Branches.Length).Concat(state.Query is null ? [] : [Transaction.QueryIndex]);

    /// <summary>Records the event.</summary>
    private void Note(
        Transaction? before, TransactionEvent occurred, Decision decision, Transaction next, DateTimeOffset now)
    {
        switch (occurred)
        {
            case TransactionEvent.BranchAnswered e when Outstanding.Remove(e.Index):
                if (before is { IsFinal: false })
                {
                    NoteAnyAnswer(before, next, e, now);
                }

                break;
            case TransactionEvent.BranchAnswered:
                Hold(ReferenceEquals(before, next), "an answer nobody waits for changes nothing");
                break;
            case TransactionEvent.RetryNow when before is { IsFinal: false }:
                Retried = true;
                NoWaits(before);
                break;
            case TransactionEvent.RetryBranch e:
                NoteNamed(before, e.BranchId, e.Op, decision, callback: true);
                break;
            case TransactionEvent.ResolveBranch e:
                if (NoteNamed(before, e.BranchId, e.Op, decision, callback: false) is { } resolved)
                {
                    _succeeded.Add(resolved);
                    NoteAnswer(
                        before!, new TransactionEvent.BranchAnswered(resolved, Outcome.Succeeded, TimeSpan.Zero));
                }

                break;
            case TransactionEvent.ForceStop when before is { IsFinal: false }:
                Stopped = true;
                Hold(
                    next.Status == TransactionStatus.Failed && decision.Calls.IsEmpty,
                    "a force stop ends it and calls nobody");
                break;
            case TransactionEvent.Submit e when decision.Rejection is null && before is not null:
                Hold(Accepts(before, e) != false, "a submit is accepted only where the pattern says so");
                NoteSubmit(before, e.Submission, next, now);
                NoteRequest(e, decision, now);
                break;
            default:
                var accepts = before is null ? null : Accepts(before, occurred);
                Hold(
                    accepts is null || accepts == decision.Rejection is null,
                    "what is accepted and what refused follows from the status");
                NoteRequest(occurred, decision, now);
                break;
        }
    }

    /// <summary>
    /// The first submit decides and may set options. A repeated one makes pending calls due, at most once a second.
    /// </summary>
    private void NoteSubmit(Transaction before, Submission submission, Transaction next, DateTimeOffset now)
    {
        if (before.Status == TransactionStatus.Prepared)
        {
            var (named, said) = (submission.Named, submission.Definition.Options);
            Options = Options with
            {
                RetryInterval = named.HasFlag(NamedOptions.RetryInterval) ? said.RetryInterval : Options.RetryInterval,
                RequestTimeout = named.HasFlag(NamedOptions.RequestTimeout)
                    ? said.RequestTimeout
                    : Options.RequestTimeout,
                Concurrent = named.HasFlag(NamedOptions.Concurrent) ? said.Concurrent : Options.Concurrent,
                Delay = named.HasFlag(NamedOptions.CustomData) ? said.Delay : Options.Delay,
                RetryIntervalNamed = next.Definition.Options.RetryIntervalNamed,
            };
            Hold(next.Definition.Options == Options, "what a submit names wins, and nothing else changes");
        }
        else
        {
            Hold(ReferenceEquals(before.Definition, next.Definition), "a repeated submit changes no options");
            var moment = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
            if (Indexes(before).Any(i => before.At(i).RetryAt is not null)
                && !(moment - Hurried < TimeSpan.FromSeconds(1)))
            {
                Hurried = moment;
                NoWaits(before);
            }
        }
    }

    private void NoWaits(Transaction before)
    {
        foreach (var waiting in Indexes(before).Append(Transaction.QueryIndex))
        {
            _notBefore.Remove(waiting);
        }
    }

    /// <summary>Returns the call that an operator named; null = it was rejected, as required.</summary>
    private int? NoteNamed(Transaction? before, string branchId, string op, Decision decision, bool callback)
    {
        var index = before is { IsFinal: false }
            ? Indexes(before).FirstOrDefault(
                i => Waits(before.At(i)) && (before.At(i).Definition.Id, before.At(i).Definition.Op) == (branchId, op),
                int.MinValue)
            : int.MinValue;
        index = index == Transaction.QueryIndex && !callback ? int.MinValue : index;
        Hold(
            decision.Rejection is null == (index != int.MinValue),
            "only a call that waits for its retry can be made or resolved now");
        if (index == int.MinValue)
        {
            return null;
        }

        _notBefore.Remove(index);
        return index;

        static bool Waits(BranchOp branch) =>
            branch is { Status: BranchStatus.Prepared, InFlight: false, RetryAt: not null, WaitsForOrphan: false };
    }

    private void NoteAnyAnswer(
        Transaction before, Transaction next, TransactionEvent.BranchAnswered answer, DateTimeOffset now)
    {
        var (index, kind) = (answer.Index, answer.Outcome.Kind);
        _answers[index] = _answers.GetValueOrDefault(index) + 1;
        NoteAnswer(before, answer);
        if (kind == OutcomeKind.Succeeded && !Repeats(index))
        {
            _succeeded.Add(index);
            return;
        }

        var steady = kind is OutcomeKind.Ongoing or OutcomeKind.Succeeded;
        var errors = steady ? 0 : _errorsInARow.GetValueOrDefault(index) + 1;
        _errorsInARow[index] = errors;
        _ongoingInARow[index] = kind == OutcomeKind.Ongoing ? _ongoingInARow.GetValueOrDefault(index) + 1 : 0;
        var interval = Options.RetryInterval > ShortestWait ? Options.RetryInterval : ShortestWait;
        var grown = interval * Math.Clamp(_ongoingInARow[index], 1, 8);
        var doubled = steady ? grown : interval * Math.Pow(2, Math.Max(0, errors - 1));
        var cap = Options.RetryIntervalMax > interval ? Options.RetryIntervalMax : interval;
        var wait = doubled < cap ? doubled : cap;
        Wait(index, now + wait);
        var longest = (steady ? wait : wait * 1.2) + Stories.Millisecond;
        Hold(!(next.At(index).RetryAt > now + longest), "a retry waits no longer than a fifth over its interval");
    }

    private void JudgeAnyCall(Transaction next, BranchCall call, DateTimeOffset now)
    {
        var index = call.Index;
        Hold(!Outstanding.Contains(index), "at most one call of a branch is under way");
        Hold(!_succeeded.Contains(index), "nothing is called again after it answered success");
        Hold(now >= _notBefore.GetValueOrDefault(index), "a call is never early");
        Hold(call.Attempt == _answers.GetValueOrDefault(index) + 1, "an attempt counts the answers before it");
        Hold(
            ReferenceEquals(call.Branch, next.At(index).Definition) && call.Branch.Url.Length > 0,
            "the call is what was submitted");
        JudgeCall(next, index);
    }

    private void JudgeState(Transaction next, DateTimeOffset now, bool lookedAt)
    {
        Hold(
            next.IsFinal ? next.Due is null : next.Due is not null || MaySleep(next), "due is null exactly when final");
        Hold(next.Finished is not null == next.IsFinal, "a finish time exactly when final");
        Hold(
            next.Status != TransactionStatus.Aborting || next.RollbackReason.Length > 0, "whoever turns back says why");
        var callable = Indexes(next).Where(i => next.At(i).Definition.Url.Length > 0);
        Hold(callable.All(i => next.At(i).Started == Called.Contains(i)), "started is what was called");
        JudgeStatus(next);
        if (next.IsFinal)
        {
            return;
        }

        Hold(
            Outstanding.SetEquals(Indexes(next).Where(i => next.At(i).InFlight)),
            "the state knows exactly the calls under way");
        Hold(next.LeaseUntil is not null == Outstanding.Count > 0, "a lease exactly while calls are under way");
        Hold(Outstanding.Count > 0 || next.WakeAt is not null || MaySleep(next), "no transaction sleeps for ever");
        var waits = Indexes(next).Select(next.At).Where(static b => !b.InFlight).Select(static b => b.RetryAt);
        Hold(waits.All(at => at is null || next.WakeAt <= at), "it wakes for its earliest retry");
        Hold(
            !lookedAt || next.WakeAt is null || next.WakeAt > now,
            "what is due is done, so it never wakes for nothing");
    }

    /// <summary>
    /// Checks that a repeated request has no effect, and gets the same response unless the first one has ended the
    /// state in which it is valid.
    /// </summary>
    private void JudgeRepetition(TransactionEvent occurred, Decision first, DateTimeOffset now)
    {
        if (occurred is TransactionEvent.BranchAnswered or TransactionEvent.TimeDue or TransactionEvent.Resumed)
        {
            return;
        }

        var second = TransactionMachine.Decide(first.Next, occurred, now);
        Hold(ReferenceEquals(first.Next, second.Next) && second.Calls.IsEmpty, "a repeated request has no effect");
        var same = first.Rejection is null == second.Rejection is null;
        var overtaken = occurred is TransactionEvent.Register
            ? first.Next!.Status != TransactionStatus.Prepared
            : first.Next!.IsFinal;

        // A call that was just made is no longer pending, so the repeated request is rejected.
        Hold(
            same || overtaken || occurred is TransactionEvent.RetryBranch or TransactionEvent.ResolveBranch,
            "a repeated request has the same answer");
    }
}

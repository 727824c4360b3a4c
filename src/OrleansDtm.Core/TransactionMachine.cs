using System.Collections.Immutable;

namespace OrleansDtm.Core;

/// <summary>
/// The rules of every pattern: what follows from an event in a state at a moment. Pure: no clock, no I/O, no randomness.
/// The caller stores <see cref="Decision.Next"/> before it makes <see cref="Decision.Calls"/>.
/// </summary>
public static class TransactionMachine
{
    /// <summary>By type; null = no such pattern.</summary>
    private static readonly ImmutableDictionary<TransactionType, Pattern> Patterns =
        new Pattern[] { new Saga(), new Msg(), new Tcc(), new Xa(), new Workflow() }.ToImmutableDictionary(static p => p.Type);

    /// <summary>
    /// The request that brings this is answered at the end or the first pause, although it does not say so: its prepare did.
    /// </summary>
    /// <param name="state">Before the event; null = nothing is stored.</param>
    /// <param name="occurred">What is asked for.</param>
    public static bool PrepareAskedToWait(Transaction? state, TransactionEvent occurred) =>
        SubmittedOptions.PrepareAskedToWait(state, occurred);

    /// <summary>Whether the pattern exists.</summary>
    public static bool Supports(TransactionType type) => PatternOf(type) is not null;

    /// <param name="state">What is stored; null = nothing is.</param>
    /// <param name="occurred">What happened.</param>
    /// <param name="now">The present moment (UTC); cut to milliseconds, the precision that is stored.</param>
    public static Decision Decide(Transaction? state, TransactionEvent occurred, DateTimeOffset now)
    {
        if (state is null)
        {
            return Create(occurred, now);
        }

        var pattern = PatternOf(state.Definition.Type)!;
        var draft = new Draft(state, now);
        var rejection = Apply(draft, pattern, occurred);
        if (rejection is not null)
        {
            return new Decision(state, [], rejection);
        }

        if (!draft.State.IsFinal && (draft.Changed || occurred is TransactionEvent.TimeDue or TransactionEvent.Resumed))
        {
            pattern.Advance(draft);
        }

        Notice.Advance(draft);
        return draft.Decide(pattern);
    }

    /// <summary>
    /// Takes over a transaction that another coordinator left unfinished, as a state to be stored: with what may have been called
    /// marked as started, and due when something is to be done.
    /// </summary>
    /// <param name="left">As it was left; its branches have their statuses, no call is under way and none waits.</param>
    /// <param name="nextTry">When the other one meant to make the next calls; null or past = now.</param>
    /// <param name="failures">Errors in a row before that: the exponent of the next wait.</param>
    /// <param name="now">The present moment (UTC).</param>
    public static Transaction Adopt(Transaction left, DateTimeOffset? nextTry, int failures, DateTimeOffset now)
    {
        var pattern = PatternOf(left.Definition.Type)
            ?? throw new ArgumentException($"'{left.Definition.Type}' is not supported.", nameof(left));
        var draft = new Draft(left, now);
        pattern.OnAdopted(draft);
        var state = draft.Decide(pattern).Next! with { Updated = left.Updated };

        // The rules themselves say what comes next: what they would do at once waits for its moment, if it has one.
        var next = Decide(state, TransactionEvent.TimeDue.Instance, now);
        if (ReferenceEquals(next.Next, state))
        {
            return state with { WakeAt = Draft.Wake(state, pattern) };
        }

        var at = Draft.Storable(nextTry ?? now);
        if (at <= now || next.Calls.IsEmpty || next.Next!.Status != state.Status)
        {
            return state with { WakeAt = draft.Now };
        }

        foreach (var index in next.Calls.Select(static c => c.Index))
        {
            var waiting = (index == Transaction.QueryIndex ? next.Next.At(index) : state.At(index)) with
            {
                InFlight = false,
                RetryAt = at,
                Failures = failures,
            };
            state = index == Transaction.QueryIndex
                ? state with { Query = waiting }
                : state with { Branches = state.Branches.SetItem(index, waiting) };
        }

        return state with { WakeAt = Draft.Wake(state, pattern) };
    }

    private static Decision Create(TransactionEvent occurred, DateTimeOffset now)
    {
        var (submission, status) = occurred switch
        {
            TransactionEvent.Submit e => (e.Submission, TransactionStatus.Submitted),
            TransactionEvent.Prepare e => (e.Submission, TransactionStatus.Prepared),
            _ => (null, TransactionStatus.None),
        };
        if (submission is null)
        {
            // To a branch that comes too late it makes no difference whether its transaction has ended or never was: DTM says the same.
            return occurred is TransactionEvent.Register
                ? Decision.Refused(null, RejectionKind.Conflict, "no trans with this gid and status: prepared found FAILURE")
                : Decision.Refused(null, RejectionKind.NotFound, "no such gid");
        }

        var type = submission.Definition.Type;
        if (PatternOf(type) is not { } pattern)
        {
            return Decision.Refused(null, RejectionKind.Invalid, $"trans_type: '{type}' is not supported");
        }

        if (!(status == TransactionStatus.Submitted ? pattern.CreatedBySubmit : pattern.CreatedByPrepare))
        {
            return status == TransactionStatus.Submitted
                ? Decision.Refused(null, RejectionKind.NotFound, $"gid: no such {Names.Of(type)} was prepared, so none can be submitted")
                : Decision.Refused(null, RejectionKind.Invalid, $"trans_type: a {Names.Of(type)} cannot be prepared, only submitted");
        }

        if (status == TransactionStatus.Prepared && pattern.Lacks(submission.Definition) is { } lack)
        {
            return Decision.Refused(null, RejectionKind.Invalid, lack);
        }

        var draft = new Draft(
            new Transaction
            {
                Definition = submission.Definition,
                Branches = [],
                Status = status,
                Updated = now,
            },
            now);
        draft.Add(submission.Branches.Select(static b => new BranchOp { Definition = b }));
        pattern.Advance(draft);
        Notice.Advance(draft);
        return draft.Decide(pattern);
    }

    private static Rejection? Apply(Draft draft, Pattern pattern, TransactionEvent occurred) => occurred switch
    {
        TransactionEvent.BranchAnswered e => OnAnswered(draft, e.Index == Transaction.NoticeIndex ? Notice.Rules : pattern, e),
        TransactionEvent.Submit e => OtherType(draft.State, e.Submission.Definition.Type) ?? pattern.OnSubmit(draft, e.Submission),
        TransactionEvent.Prepare e => OtherType(draft.State, e.Submission.Definition.Type) ?? pattern.OnPrepare(draft),
        TransactionEvent.Abort e => OtherType(draft.State, e.Type) ?? pattern.OnAbort(draft, e.Reason),
        TransactionEvent.Register e => OtherType(draft.State, e.Type) ?? pattern.OnRegister(draft, e),
        TransactionEvent.FinishWorkflow e => OtherType(draft.State, TransactionType.Workflow) ?? pattern.OnFinish(draft, e),
        TransactionEvent.Resumed e => OnResumed(draft, e.Outstanding),
        TransactionEvent.RetryNow => OnRetryNow(draft, pattern),
        TransactionEvent.RetryBranch e => OnRetryBranch(draft, e),
        TransactionEvent.ResolveBranch e => OnResolveBranch(draft, pattern, e),
        TransactionEvent.ForceStop => OnForceStop(draft),
        TransactionEvent.TimeDue => null,
        _ => throw new ArgumentOutOfRangeException(nameof(occurred), occurred.GetType().Name, "Unknown event."),
    };

    private static Rejection? OtherType(Transaction state, TransactionType type) =>
        state.Definition.Type == type
            ? null
            : new Rejection(RejectionKind.Conflict, $"gid belongs to a {Names.Of(state.Definition.Type)} already. FAILURE");

    private static Rejection? OnResumed(Draft draft, ImmutableHashSet<int> outstanding)
    {
        // Only what is live: a transaction stopped by force with calls under way is not written again.
        for (var i = Transaction.NoticeIndex; i < draft.Count; i++)
        {
            if (draft.Live(i) is { InFlight: true } branch && !outstanding.Contains(i))
            {
                // The call may still arrive: its process made it no later than its lease allows.
                draft[i] = branch with { InFlight = false, OrphanedUntil = draft.State.LeaseUntil };
            }
        }

        return null;
    }

    /// <summary>Only waits are cut short: how often a call has failed stays counted, for alerts and for the next wait.</summary>
    private static Rejection? OnRetryNow(Draft draft, Pattern pattern)
    {
        if (draft.State.IsFinal)
        {
            return new Rejection(RejectionKind.Conflict, $"current status '{Names.Of(draft.State.Status)}', nothing is left to retry. FAILURE");
        }

        draft.Hurry();
        pattern.OnRetryNow(draft);
        return null;
    }

    /// <summary>Only the wait is cut short. The order of calls stays the pattern's: a call waits only once its turn has come.</summary>
    private static Rejection? OnRetryBranch(Draft draft, TransactionEvent.RetryBranch e)
    {
        var refused = FindWaiting(draft, e.BranchId, e.Op, out var index);
        if (refused is null)
        {
            draft[index] = draft[index] with { RetryAt = draft.Now };
        }

        return refused;
    }

    /// <summary>As if the call had just been answered with success, but that no attempt was made.</summary>
    private static Rejection? OnResolveBranch(Draft draft, Pattern pattern, TransactionEvent.ResolveBranch e)
    {
        if (FindWaiting(draft, e.BranchId, e.Op, out var index) is { } refused)
        {
            return refused;
        }

        if (index == Transaction.QueryIndex)
        {
            return new Rejection(
                RejectionKind.Conflict, $"branch {e.BranchId} {e.Op} asks query_prepared, which has no effect to resolve. FAILURE");
        }

        var resolved = Recorded(draft[index], new Attempt(draft.Now, TimeSpan.Zero, OutcomeKind.Succeeded, Draft.Cut($"resolved by hand: {e.Reason}")));
        draft[index] = resolved with { Status = BranchStatus.Succeed, Finished = draft.Now, Failures = 0, RetryAt = null };
        pattern.OnSucceeded(draft, index);
        return null;
    }

    /// <summary>The call that an operator names, if it waits for a retry.</summary>
    /// <param name="index">Its index when the result is null.</param>
    private static Rejection? FindWaiting(Draft draft, string branchId, string op, out int index)
    {
        for (index = draft.State.Query is null ? 0 : Transaction.QueryIndex; index < draft.Count; index++)
        {
            var branch = draft[index];
            if (branch.Definition.Id != branchId || branch.Definition.Op != op)
            {
                continue;
            }

            return draft.State.IsFinal || branch is not { Status: BranchStatus.Prepared, InFlight: false, RetryAt: not null, WaitsForOrphan: false }
                ? new Rejection(RejectionKind.Conflict, $"branch {branchId} {op} does not wait for a retry: {Standing(draft, branch)}. FAILURE")
                : null;
        }

        return new Rejection(RejectionKind.NotFound, $"gid {draft.State.Definition.Gid} has no branch {branchId} {op}");
    }

    private static BranchOp Recorded(BranchOp branch, Attempt attempt) => branch with
    {
        History = (branch.History.Length < BranchOp.HistoryMax ? branch.History : branch.History.RemoveAt(0)).Add(attempt),
    };

    private static string Standing(Draft draft, BranchOp branch) => branch switch
    {
        { Status: not BranchStatus.Prepared } => $"it is {Names.Of(branch.Status)}",
        _ when draft.State.IsFinal => $"the transaction is {Names.Of(draft.State.Status)}",
        { InFlight: true } => "it is being called just now",
        _ => "it is not its turn",
    };

    private static Rejection? OnForceStop(Draft draft)
    {
        if (draft.State.IsFinal)
        {
            return new Rejection(
                RejectionKind.Conflict,
                $"global transaction force stop error. status: {Names.Of(draft.State.Status)}. error: FAILURE");
        }

        draft.Change(static t => t with
        {
            RollbackReason = t.RollbackReason.Length > 0 ? t.RollbackReason : "stopped by force, without compensation",
        });
        draft.Finish(TransactionStatus.Failed);
        return null;
    }

    private static Rejection? OnAnswered(Draft draft, ICallRules rules, TransactionEvent.BranchAnswered e)
    {
        if (draft.Live(e.Index) is not { } before || !e.IsAwaited(before))
        {
            return null; // It was stopped by force, or this attempt was dealt with before: the answer comes too late to matter.
        }

        var outcome = e.Outcome;
        if (outcome.Kind == OutcomeKind.Failed && !rules.FailureIsAnswer(draft.State, e.Index))
        {
            outcome = Outcome.Unknown($"{before.Definition.Op} answered FAILURE, but it cannot be refused any more, so it is retried: {outcome.Error}");
        }

        var error = outcome.Error is null ? null : Draft.Cut(outcome.Error);
        draft[e.Index] = Recorded(before, new Attempt(draft.Now, e.Duration, outcome.Kind, error)) with
        {
            InFlight = false,
            Attempts = before.Attempts + 1,
            LastError = error ?? before.LastError,
        };
        switch (outcome.Kind)
        {
            case OutcomeKind.Succeeded:
                draft[e.Index] = draft[e.Index] with { Status = BranchStatus.Succeed, Finished = draft.Now, Failures = 0 };
                rules.OnSucceeded(draft, e.Index);
                break;
            case OutcomeKind.Failed:
                draft[e.Index] = draft[e.Index] with { Status = BranchStatus.Failed, Finished = draft.Now };
                rules.OnFailed(draft, e.Index, outcome.Error ?? "");
                break;
            case OutcomeKind.Ongoing:
                WaitOrLeave(draft, rules, e.Index, 0, outcome.RetryAfter);
                break;
            case OutcomeKind.NotSent:
                WaitOrLeave(draft, rules, e.Index, before.Failures, outcome.RetryAfter);
                break;
            case OutcomeKind.Unknown:
                rules.OnError(draft, e.Index);
                WaitOrLeave(draft, rules, e.Index, before.Failures + 1, outcome.RetryAfter);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(e), outcome.Kind, "An answer needs an outcome.");
        }

        return null;
    }

    private static void WaitOrLeave(Draft draft, ICallRules rules, int index, int failures, TimeSpan asked)
    {
        var definition = draft.State.Definition;
        DateTimeOffset? retryAt = null;
        if (rules.Retries(draft.State, index))
        {
            var wait = failures == 0
                ? RetryPolicy.AfterOngoing(definition.Options)
                : RetryPolicy.AfterError(definition.Options, failures, definition.Gid, index);

            retryAt = draft.After(RetryPolicy.AtLeast(wait, asked, definition.Options, failures, definition.Gid, index));
        }

        draft[index] = draft[index] with { Failures = failures, RetryAt = retryAt };
    }

    /// <summary>How the reference refuses a branch that comes too late, or for a gid it does not know.</summary>
    internal static Rejection NoPrepared(string gid) =>
        new(RejectionKind.Conflict, $"no trans with gid: {gid} status: prepared found FAILURE");

    private static Pattern? PatternOf(TransactionType type) => Patterns.GetValueOrDefault(type);
}

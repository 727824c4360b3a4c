using System.Collections.Immutable;
using System.Text;

namespace OrleansDtm.Core;

/// <summary>
/// Computes the next state from a state, an event and the current time, for every pattern. Pure: no clock, no I/O, no
/// randomness. The caller stores <see cref="Decision.Next"/> before it makes <see cref="Decision.Calls"/>.
/// </summary>
public static class TransactionMachine
{
    /// <summary>The patterns by type.</summary>
    private static readonly ImmutableDictionary<TransactionType, Pattern> Patterns =
        new Pattern[] { new Saga(), new Msg(), new Tcc(), new Xa(), new Workflow() }.ToImmutableDictionary(
            static p => p.Type);

    /// <summary>
    /// Returns true if the request waits for the result although it does not set wait_result, because its prepare did.
    /// </summary>
    /// <param name="state">The state before the event; null = nothing is stored.</param>
    /// <param name="occurred">The requested event.</param>
    public static bool PrepareAskedToWait(Transaction? state, TransactionEvent occurred) =>
        SubmittedOptions.PrepareAskedToWait(state, occurred);

    /// <summary>Returns true if the pattern is supported.</summary>
    public static bool Supports(TransactionType type) => PatternOf(type) is not null;

    /// <summary>Computes the next state and the calls to make.</summary>
    /// <param name="state">The stored state; null = nothing is stored.</param>
    /// <param name="occurred">The event.</param>
    /// <param name="now">The current time (UTC); cut to milliseconds, the stored precision.</param>
    public static Decision Decide(Transaction? state, TransactionEvent occurred, DateTimeOffset now)
    {
        if (state is null)
        {
            return Create(occurred, now);
        }

        var pattern = PatternOf(state.Definition.Type)!;
        var draft = new Draft(state, now, pattern);
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
        return draft.Decide();
    }

    /// <summary>
    /// Returns the state to store for a transaction that another coordinator left unfinished. Calls that may have been
    /// made are marked as started, and the wake-up time is set.
    /// </summary>
    /// <param name="left">The imported state: its branches have their statuses, no call is in flight and no retry is
    /// pending.</param>
    /// <param name="nextTry">The other coordinator's time for the next calls (UTC); null or past = now.</param>
    /// <param name="failures">Consecutive errors so far: the exponent of the next backoff delay.</param>
    /// <param name="now">The current time (UTC).</param>
    public static Transaction Adopt(Transaction left, DateTimeOffset? nextTry, int failures, DateTimeOffset now)
    {
        var pattern = PatternOf(left.Definition.Type)
            ?? throw new ArgumentException($"'{left.Definition.Type}' is not supported.", nameof(left));
        var draft = new Draft(left, now, pattern);
        pattern.OnAdopted(draft);
        var state = draft.Decide().Next! with { Updated = left.Updated };

        // The rules decide which calls are next. These calls then wait for nextTry, if it is in the future.
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
            // As in DTM, a late branch gets the same error whether its transaction has ended or never existed.
            return occurred is TransactionEvent.Register
                ? Decision.Refused(
                    null, RejectionKind.Conflict, "no trans with this gid and status: prepared found FAILURE")
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
                ? Decision.Refused(
                    null,
                    RejectionKind.NotFound,
                    $"gid: no such {Names.Of(type)} was prepared, so none can be submitted")
                : Decision.Refused(
                    null, RejectionKind.Invalid, $"trans_type: a {Names.Of(type)} cannot be prepared, only submitted");
        }

        if (status == TransactionStatus.Prepared && pattern.Lacks(submission.Definition) is { } lack)
        {
            return Decision.Refused(null, RejectionKind.Invalid, lack);
        }

        if (ResultPayloads.Problem(pattern, submission.Definition.Options, submission.Branches) is { } wrong)
        {
            return Decision.Refused(null, RejectionKind.Invalid, wrong);
        }

        var draft = new Draft(
            new Transaction
            {
                Definition = submission.Definition,
                Branches = [],
                Status = status,
                Updated = now,
            },
            now,
            pattern);
        draft.Add(submission.Branches.Select(static b => new BranchOp { Definition = b }));
        pattern.Advance(draft);
        Notice.Advance(draft);
        return draft.Decide();
    }

    private static Rejection? Apply(Draft draft, Pattern pattern, TransactionEvent occurred) => occurred switch
    {
        TransactionEvent.BranchAnswered e => OnAnswered(
            draft, e.Index == Transaction.NoticeIndex ? Notice.Rules : pattern, e),
        TransactionEvent.Submit e =>
            OtherType(draft.State, e.Submission.Definition.Type) ?? pattern.OnSubmit(draft, e.Submission),
        TransactionEvent.Prepare e => OtherType(draft.State, e.Submission.Definition.Type) ?? pattern.OnPrepare(draft),
        TransactionEvent.Abort e => OtherType(draft.State, e.Type) ?? pattern.OnAbort(draft, e.Reason),
        TransactionEvent.Register e => OtherType(draft.State, e.Type) ?? pattern.OnRegister(draft, e),
        TransactionEvent.FinishWorkflow e =>
            OtherType(draft.State, TransactionType.Workflow) ?? pattern.OnFinish(draft, e),
        TransactionEvent.Resumed e => OnResumed(draft, e.Outstanding),
        TransactionEvent.RetryNow => OnRetryNow(draft, pattern),
        TransactionEvent.RetryBranch e => OnRetryBranch(draft, e),
        TransactionEvent.ResolveBranch e => OnResolveBranch(draft, pattern, e),
        TransactionEvent.ForceStop e => OnForceStop(draft, e.By),
        TransactionEvent.TimeDue => null,
        _ => throw new ArgumentOutOfRangeException(nameof(occurred), occurred.GetType().Name, "Unknown event."),
    };

    private static Rejection? OtherType(Transaction state, TransactionType type) =>
        state.Definition.Type == type
            ? null
            : new Rejection(
                RejectionKind.Conflict, $"gid belongs to a {Names.Of(state.Definition.Type)} already. FAILURE");

    private static Rejection? OnResumed(Draft draft, ImmutableHashSet<int> outstanding)
    {
        // Only live calls: a transaction that was force-stopped with calls in flight is not written again.
        for (var i = Transaction.NoticeIndex; i < draft.Count; i++)
        {
            if (draft.Live(i) is { InFlight: true } branch && !outstanding.Contains(i))
            {
                // The call may still reach the service until the end of the lease under which it was made.
                draft[i] = branch with { InFlight = false, OrphanedUntil = draft.State.LeaseUntil };
            }
        }

        return null;
    }

    /// <summary>Makes pending retries due. Error counts are kept, for alerts and for the next backoff delay.</summary>
    private static Rejection? OnRetryNow(Draft draft, Pattern pattern)
    {
        if (draft.State.IsFinal)
        {
            return new Rejection(
                RejectionKind.Conflict,
                $"current status '{Names.Of(draft.State.Status)}', nothing is left to retry. FAILURE");
        }

        draft.Hurry(resume: true);
        pattern.OnRetryNow(draft);
        return null;
    }

    /// <summary>
    /// Makes one pending retry due, or retries a call that is put aside. This cannot change the order of calls: only a
    /// call whose turn has come waits for a retry.
    /// </summary>
    private static Rejection? OnRetryBranch(Draft draft, TransactionEvent.RetryBranch e)
    {
        var refused = FindWaiting(draft, e.BranchId, e.Op, out var index);
        if (refused is null && draft[index].Parked)
        {
            draft.Resume(index);
        }
        else if (refused is null)
        {
            draft[index] = draft[index] with { RetryAt = draft.Now };
        }

        return refused;
    }

    /// <summary>Treats the call as succeeded without an attempt.</summary>
    private static Rejection? OnResolveBranch(Draft draft, Pattern pattern, TransactionEvent.ResolveBranch e)
    {
        if (FindWaiting(draft, e.BranchId, e.Op, out var index) is { } refused)
        {
            return refused;
        }

        if (index == Transaction.QueryIndex)
        {
            return new Rejection(
                RejectionKind.Conflict,
                $"branch {e.BranchId} {e.Op} asks query_prepared, which has no effect to resolve. FAILURE");
        }

        var keeps = KeepsResult(draft, index);
        if (!keeps && e.Result is not null)
        {
            return new Rejection(
                RejectionKind.Invalid, "result: only an action of a transaction that keeps results has one");
        }

        if (keeps && e.Result is null && ResultPayloads.IsUsed(draft, e.BranchId))
        {
            return new Rejection(
                RejectionKind.Invalid, $"result: is missing; a payload uses the result of branch {e.BranchId}");
        }

        var resolved = Recorded(
            draft[index],
            new Attempt(draft.Now, TimeSpan.Zero, OutcomeKind.Succeeded, Draft.Cut($"resolved by hand: {e.Reason}")));
        draft[index] =
            resolved with
            {
                Status = BranchStatus.Succeed,
                Finished = draft.Now,
                Failures = 0,
                RetryAt = null,
                Parked = false,
                Result = e.Result is null
                    ? null
                    : StepResult.Bounded(draft, new StepResult(Encoding.UTF8.GetBytes(e.Result))),
            };
        pattern.OnSucceeded(draft, index);
        return null;
    }

    /// <summary>Finds the call that an operator names; null = it waits for a retry or is put
    /// aside.</summary>
    /// <param name="index">The index of the call if the result is null.</param>
    private static Rejection? FindWaiting(Draft draft, string branchId, string op, out int index)
    {
        for (index = draft.State.Query is null ? 0 : Transaction.QueryIndex; index < draft.Count; index++)
        {
            var branch = draft[index];
            if (branch.Definition.Id != branchId || branch.Definition.Op != op)
            {
                continue;
            }

            return draft.State.IsFinal || branch
                is not ({ Status: BranchStatus.Prepared, InFlight: false, RetryAt: not null, WaitsForOrphan: false }
                    or { Parked: true })
                ? new Rejection(
                    RejectionKind.Conflict,
                    $"branch {branchId} {op} does not wait for a retry: {Standing(draft, branch)}. FAILURE")
                : null;
        }

        return new Rejection(
            RejectionKind.NotFound,
            $"gid {Namespaces.Plain(draft.State.Definition.Gid)} has no branch {branchId} {op}");
    }

    private static BranchOp Recorded(BranchOp branch, Attempt attempt) => branch with
    {
        History =
            (branch.History.Length < BranchOp.HistoryMax ? branch.History : branch.History.RemoveAt(0)).Add(attempt),
    };

    private static string Standing(Draft draft, BranchOp branch) => branch switch
    {
        { Status: not BranchStatus.Prepared } => $"it is {Names.Of(branch.Status)}",
        _ when draft.State.IsFinal => $"the transaction is {Names.Of(draft.State.Status)}",
        { InFlight: true } => "it is being called just now",
        _ => "it is not its turn",
    };

    private static Rejection? OnForceStop(Draft draft, string by)
    {
        if (draft.State.IsFinal)
        {
            return new Rejection(
                RejectionKind.Conflict,
                $"global transaction force stop error. status: {Names.Of(draft.State.Status)}. error: FAILURE");
        }

        var reason = $"stopped by force, without compensation{(by.Length > 0 ? $", by {by}" : "")}";
        draft.Change(t => t with
        {
            RollbackReason = Draft.Cut(t.RollbackReason.Length > 0 ? $"{reason}; before: {t.RollbackReason}" : reason),
        });
        draft.Finish(TransactionStatus.Failed);
        return null;
    }

    private static Rejection? OnAnswered(Draft draft, ICallRules rules, TransactionEvent.BranchAnswered e)
    {
        if (draft.Live(e.Index) is not { } before || !e.IsAwaited(before))
        {
            return null; // A late response: the transaction was force-stopped, or the attempt is already recorded.
        }

        var outcome = e.Outcome;
        if (outcome is { Kind: OutcomeKind.Failed, IsUnsent: true } && !rules.FailureIsAnswer(draft.State, e.Index))
        {
            PutAside(draft, e, before);
            return null;
        }

        if (outcome.Kind == OutcomeKind.Failed && !rules.FailureIsAnswer(draft.State, e.Index))
        {
            outcome = Outcome.Unknown($"{before.Definition.Op} answered FAILURE, but it cannot be refused any more, so "
                + $"it is retried: {outcome.Error}");
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
                draft[e.Index] = draft[e.Index] with
                {
                    Status = BranchStatus.Succeed,
                    Finished = draft.Now,
                    Failures = 0,
                    Result = KeepsResult(draft, e.Index) ? StepResult.Bounded(draft, outcome.Answer) : null,
                };
                rules.OnSucceeded(draft, e.Index);
                break;
            case OutcomeKind.Failed:
                // An action whose payload cannot be made was never called: there is nothing to compensate.
                draft[e.Index] = draft[e.Index] with
                {
                    Status = BranchStatus.Failed,
                    Finished = draft.Now,
                    Started = !outcome.IsUnsent,
                };
                rules.OnFailed(draft, e.Index, outcome.Error ?? "");
                break;
            case OutcomeKind.Ongoing:
                WaitOrLeave(draft, rules, e.Index, outcome.Kind, 0, outcome.RetryAfter);
                break;
            case OutcomeKind.NotSent:
                WaitOrLeave(draft, rules, e.Index, outcome.Kind, before.Failures, outcome.RetryAfter);
                break;
            case OutcomeKind.Unknown:
                rules.OnError(draft, e.Index);
                WaitOrLeave(draft, rules, e.Index, outcome.Kind, before.Failures + 1, outcome.RetryAfter);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(e), outcome.Kind, "An answer needs an outcome.");
        }

        return null;
    }

    /// <summary>A payload that cannot be made: no retry would change that, and nobody can refuse the call.</summary>
    private static void PutAside(Draft draft, TransactionEvent.BranchAnswered e, BranchOp before)
    {
        var error = Draft.Cut(e.Outcome.Error ?? "");
        draft[e.Index] = Recorded(before, new Attempt(draft.Now, e.Duration, OutcomeKind.Failed, error)) with
        {
            InFlight = false,
            Attempts = before.Attempts + 1,
            Failures = before.Failures + 1,
            LastError = error,
            RetryAt = null,
            Parked = true,
        };
    }

    private static bool KeepsResult(Draft draft, int index) =>
        draft.State.Definition.Options.ResultBytesMax > 0
        && index >= 0
        && draft[index].Definition.Op == BranchOps.Action;

    private static void WaitOrLeave(
        Draft draft, ICallRules rules, int index, OutcomeKind outcome, int failures, TimeSpan asked)
    {
        var definition = draft.State.Definition;
        var branch = draft[index];
        if (!rules.Retries(draft.State, index))
        {
            draft[index] = branch with { Failures = failures, RetryAt = null };
            return;
        }

        if (rules.GivesUp(draft, index, outcome, failures))
        {
            draft[index] = branch with { Failures = failures, RetryAt = null, Parked = true };
            return;
        }

        var pacing = CallSettings.Pacing(definition.Options, branch.Definition);
        var wait = failures == 0
            ? RetryPolicy.AfterOngoing(pacing, branch.OngoingInARow)
            : RetryPolicy.AfterError(pacing, failures, definition.Gid, index);
        wait = RetryPolicy.AtLeast(wait, asked, pacing, failures, definition.Gid, index);
        if (branch.GiveUpAt - draft.Now is { } left && left < wait)
        {
            // The last attempt is at the end of the time, not long after it.
            wait = left > RetryPolicy.WaitMin ? left : RetryPolicy.WaitMin;
        }

        draft[index] = branch with { Failures = failures, RetryAt = draft.After(wait) };
    }

    /// <summary>Returns DTM's error for a branch of an unknown or already decided transaction.</summary>
    internal static Rejection NoPrepared(string gid) =>
        new(RejectionKind.Conflict, $"no trans with gid: {Namespaces.Plain(gid)} status: prepared found FAILURE");

    private static Pattern? PatternOf(TransactionType type) => Patterns.GetValueOrDefault(type);
}

using System.Globalization;

namespace OrleansDtm.Core;

/// <summary>
/// Steps of action and compensation. Actions run in order, or concurrently as far as the orders allow. If a step fails,
/// or the retry limit or the timeout is reached, every step that may have run is compensated in reverse order,
/// including the failed one. Step i is stored in the branches as [2i] compensate, [2i + 1] action.
/// </summary>
internal sealed class Saga : Pattern
{
    public override TransactionType Type => TransactionType.Saga;

    public override bool CreatedBySubmit => true;

    public override bool CreatedByPrepare => false;

    public override DateTimeOffset? Deadline(Transaction state)
    {
        if (state.Status != TransactionStatus.Submitted)
        {
            return null;
        }

        var deadline = OwnDeadline(state.Definition);
        foreach (var branch in state.Branches)
        {
            if (branch is { FailAt: { } at, Status: BranchStatus.Prepared } && !(deadline <= at))
            {
                deadline = at;
            }
        }

        return deadline;
    }

    public override bool FailureIsAnswer(Transaction state, int index) => IsAction(index);

    public override bool Retries(Transaction state, int index) =>
        !IsAction(index) || state.Status == TransactionStatus.Submitted;

    public override bool HasResultBefore(TransactionOptions options, int action, int index)
    {
        var (source, step) = (action / 2, index / 2);
        return source == step
            ? !IsAction(index)
            : options.Concurrent ? ComesBefore(options, source, step) : source < step;
    }

    public override void OnFailed(Draft draft, int index, string error)
    {
        if (draft.State.Status == TransactionStatus.Submitted)
        {
            draft.TurnBack($"url:{draft[index].Definition.Url} return failed: {error} FAILURE");
        }
    }

    public override void OnError(Draft draft, int index)
    {
        if (!IsAction(index) || draft.State.Status != TransactionStatus.Submitted)
        {
            return;
        }

        if (draft[index].Definition.Policy?.RetryLimit is { } own)
        {
            OnErrorOf(draft, index, own);
            return;
        }

        var limit = draft.State.Definition.Options.RetryLimit;
        if (limit == 0)
        {
            return;
        }

        if (draft.State.RetryCount >= limit)
        {
            draft.TurnBack(string.Create(
                CultureInfo.InvariantCulture, $"RetryCount is greater than RetryLimit, RetryLimit: {limit}"));
            return;
        }

        draft.Change(static t => t with { RetryCount = t.RetryCount + 1 });
    }

    /// <summary>Counts an error against the limit of the action's own step; 0 = no limit.</summary>
    private static void OnErrorOf(Draft draft, int index, int limit)
    {
        var action = draft[index];
        if (limit > 0 && action.RetryCount >= limit)
        {
            draft.TurnBack(string.Create(
                CultureInfo.InvariantCulture,
                $"RetryCount is greater than RetryLimit, RetryLimit: {limit} of branch {action.Definition.Id}"));
            return;
        }

        draft[index] = action with { RetryCount = action.RetryCount + 1 };
    }

    public override void OnAdopted(Draft draft)
    {
        List<int> turns = [];
        for (var step = 0; step < draft.Count / 2; step++)
        {
            if (draft[ActionOf(step)].Status == BranchStatus.Prepared && PredecessorsDone(draft, step))
            {
                turns.Add(ActionOf(step));
            }
        }

        // These actions were due and may have been called, so they must be compensated; the others were not called.
        foreach (var action in turns)
        {
            draft[action] = draft[action] with { Started = true };
        }

        if (draft.State.Status == TransactionStatus.Submitted && AnyFailed(draft))
        {
            draft.TurnBack("an action had failed; its error is not stored");
        }
    }

    public override void Advance(Draft draft)
    {
        if (draft.State.Status == TransactionStatus.Submitted)
        {
            GoForward(draft);
        }

        // Not "else": a saga that just started to abort starts its compensations in the same write.
        if (draft.State.Status == TransactionStatus.Aborting)
        {
            GoBack(draft);
        }
    }

    private static void GoForward(Draft draft)
    {
        if (AllDone(draft))
        {
            draft.Finish(TransactionStatus.Succeed);
            return;
        }

        if (OwnDeadline(draft.State.Definition) <= draft.Now)
        {
            var seconds = draft.State.Definition.Options.TimeoutToFail.TotalSeconds;
            draft.TurnBack(string.Create(CultureInfo.InvariantCulture, $"Timeout after {seconds} seconds"));
            return;
        }

        if (LateAction(draft) is { } late)
        {
            draft.TurnBack(string.Create(
                CultureInfo.InvariantCulture,
                $"Timeout after {late.Policy!.TimeoutToFail!.Value.TotalSeconds} seconds of branch {late.Id}"));
            return;
        }

        // A step without a URL succeeds at once and may unblock others, so repeat until nothing changes.
        bool moved;
        do
        {
            moved = false;
            for (var step = 0; step < draft.Count / 2; step++)
            {
                var action = ActionOf(step);
                if (draft[action].CanStart(draft.Now) && PredecessorsDone(draft, step))
                {
                    draft.Start(action);
                    moved |= draft[action].Status == BranchStatus.Succeed;
                }
            }
        }
        while (moved);

        if (AllDone(draft))
        {
            draft.Finish(TransactionStatus.Succeed);
        }
    }

    private static void GoBack(Draft draft)
    {
        bool moved;
        bool pending;
        do
        {
            moved = pending = false;
            for (var step = (draft.Count / 2) - 1; step >= 0; step--)
            {
                if (Undone(draft, step))
                {
                    continue;
                }

                pending = true;
                var compensate = CompensateOf(step);

                // An action that is still in flight could arrive after its compensation, so its call must end first.
                if (draft[ActionOf(step)].InFlight
                    || !draft[compensate].CanStart(draft.Now)
                    || !SuccessorsUndone(draft, step))
                {
                    continue;
                }

                if (draft[ActionOf(step)].OrphanedUntil is { } until
                    && until > draft.Now
                    && draft[compensate].Definition.Url.Length > 0)
                {
                    draft[compensate] = draft[compensate] with { RetryAt = until, OrphanedUntil = until };
                    continue;
                }

                draft.Start(compensate);
                moved |= draft[compensate].Status == BranchStatus.Succeed;
            }
        }
        while (moved);

        if (!pending)
        {
            draft.Finish(TransactionStatus.Failed);
        }
    }

    /// <summary>Returns the end of the transaction's own timeout (UTC); null = none.</summary>
    private static DateTimeOffset? OwnDeadline(TransactionDefinition definition) =>
        definition.Options.TimeoutToFail > TimeSpan.Zero
            ? definition.Created + definition.Options.TimeoutToFail
            : null;

    /// <summary>Returns an action that has reached its step's timeout; null = none.</summary>
    private static BranchOpDefinition? LateAction(Draft draft)
    {
        for (var step = 0; step < draft.Count / 2; step++)
        {
            var action = draft[ActionOf(step)];
            if (action.Status == BranchStatus.Prepared && action.FailAt <= draft.Now)
            {
                return action.Definition;
            }
        }

        return null;
    }

    private static bool AllDone(Draft draft)
    {
        for (var step = 0; step < draft.Count / 2; step++)
        {
            if (draft[ActionOf(step)].Status != BranchStatus.Succeed)
            {
                return false;
            }
        }

        return true;
    }

    private static bool AnyFailed(Draft draft)
    {
        for (var step = 0; step < draft.Count / 2; step++)
        {
            if (draft[ActionOf(step)].Status == BranchStatus.Failed)
            {
                return true;
            }
        }

        return false;
    }

    private static bool PredecessorsDone(Draft draft, int step)
    {
        var options = draft.State.Definition.Options;
        if (!options.Concurrent)
        {
            return step == 0 || draft[ActionOf(step - 1)].Status == BranchStatus.Succeed;
        }

        if (options.Orders.TryGetValue(step, out var predecessors))
        {
            foreach (var predecessor in predecessors)
            {
                if (draft[ActionOf(predecessor)].Status != BranchStatus.Succeed)
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>Returns true if the orders make a step wait for another one, directly or through others.</summary>
    private static bool ComesBefore(TransactionOptions options, int source, int step)
    {
        var seen = new HashSet<int> { step };
        var open = new Queue<int>(seen);
        while (open.TryDequeue(out var next))
        {
            foreach (var predecessor in options.Orders.GetValueOrDefault(next, []))
            {
                if (predecessor == source)
                {
                    return true;
                }

                if (seen.Add(predecessor))
                {
                    open.Enqueue(predecessor);
                }
            }
        }

        return false;
    }

    private static bool SuccessorsUndone(Draft draft, int step)
    {
        var options = draft.State.Definition.Options;
        if (!options.Concurrent)
        {
            return step == (draft.Count / 2) - 1 || Undone(draft, step + 1);
        }

        foreach (var (successor, predecessors) in options.Orders)
        {
            if (predecessors.Contains(step) && !Undone(draft, successor))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Returns true if the step has no effect left: its action was never called, or its compensation succeeded.
    /// </summary>
    private static bool Undone(Draft draft, int step) =>
        !draft[ActionOf(step)].Started || draft[CompensateOf(step)].Status == BranchStatus.Succeed;

    private static bool IsAction(int index) => index % 2 == 1;

    private static int CompensateOf(int step) => 2 * step;

    private static int ActionOf(int step) => (2 * step) + 1;
}

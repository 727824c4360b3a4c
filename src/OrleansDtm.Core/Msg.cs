namespace OrleansDtm.Core;

/// <summary>
/// A message that is delivered if and only if the submitter's local transaction commits. The submitter prepares it
/// before and submits it after the local transaction. If the submit is missing at the timeout, the coordinator calls
/// query_prepared. Actions are retried until they succeed; FAILURE is an error.
/// </summary>
internal sealed class Msg : Pattern
{
    public override TransactionType Type => TransactionType.Msg;

    public override bool CreatedBySubmit => true;

    public override bool CreatedByPrepare => true;

    public override string? Lacks(TransactionDefinition definition) => definition.Query is { Url.Length: > 0 }
        ? LacksTimeout(definition)
        : "query_prepared: a prepared msg needs a URL that reports whether the local transaction was committed";

    public override DateTimeOffset? Deadline(Transaction state)
    {
        var definition = state.Definition;
        return state.Status switch
        {
            TransactionStatus.Prepared when state.Query is null =>
                definition.Created + definition.Options.TimeoutToFail,
            TransactionStatus.Submitted when definition.Options.Delay > TimeSpan.Zero
                && !state.Branches.Any(static b => b.Started) =>
                (definition.Submitted ?? definition.Created) + definition.Options.Delay,
            _ => null,
        };
    }

    public override bool FailureIsAnswer(Transaction state, int index) => index == Transaction.QueryIndex;

    public override bool Retries(Transaction state, int index) =>
        index != Transaction.QueryIndex || state.Status == TransactionStatus.Prepared;

    public override bool HasResultBefore(TransactionOptions options, int action, int index) =>
        !options.Concurrent && action < index;

    public override void OnSucceeded(Draft draft, int index)
    {
        if (index == Transaction.QueryIndex && draft.State.Status == TransactionStatus.Prepared)
        {
            draft.GoForward();
        }
    }

    public override void OnFailed(Draft draft, int index, string error)
    {
        // Only query_prepared can fail. A submit or abort that arrived in the meantime takes precedence.
        if (draft.State.Status == TransactionStatus.Prepared)
        {
            draft.Explain("the local transaction was not committed: query_prepared answered FAILURE");
            draft.Finish(TransactionStatus.Failed);
        }
    }

    public override void OnRetryNow(Draft draft) => AskNow(draft);

    public override Rejection? OnAbort(Draft draft, string reason)
    {
        switch (draft.State.Status)
        {
            case TransactionStatus.Prepared:
                draft.Explain(reason);
                draft.Finish(TransactionStatus.Failed);
                return null;
            case TransactionStatus.Failed:
                return null; // A repeated abort.
            default:
                return CannotAbort(draft.State);
        }
    }

    public override void OnAdopted(Draft draft)
    {
        if (draft.State.Status != TransactionStatus.Submitted || Deadline(draft.State) > draft.Now)
        {
            return;
        }

        for (var i = 0; i < draft.Count; i++)
        {
            if (draft[i].Status == BranchStatus.Prepared)
            {
                draft[i] = draft[i] with { Started = true };
                if (!draft.State.Definition.Options.Concurrent)
                {
                    return;
                }
            }
        }
    }

    public override void Advance(Draft draft)
    {
        switch (draft.State.Status)
        {
            case TransactionStatus.Prepared:
                Ask(draft);
                break;
            case TransactionStatus.Submitted when !(Deadline(draft.State) > draft.Now):
                Send(draft);
                break;
        }
    }

    private void Ask(Draft draft)
    {
        if (draft.State.Query is { } query ? query.CanStart(draft.Now) : Deadline(draft.State) <= draft.Now)
        {
            draft.StartCallback();
        }
    }

    private static void Send(Draft draft)
    {
        var done = true;
        for (var i = 0; i < draft.Count; i++)
        {
            if (draft[i].CanStart(draft.Now))
            {
                draft.Start(i);
            }

            done &= draft[i].Status == BranchStatus.Succeed;
            if (!done && !draft.State.Definition.Options.Concurrent)
            {
                return;
            }
        }

        if (done)
        {
            draft.Finish(TransactionStatus.Succeed);
        }
    }
}

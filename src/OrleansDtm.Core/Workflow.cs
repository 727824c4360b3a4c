namespace OrleansDtm.Core;

/// <summary>
/// Code that runs in the submitter's SDK. The coordinator keeps the results of its steps and, when nothing was heard of it for a
/// retry interval, calls it so that it goes on from there. How it ends, the SDK says.
/// </summary>
internal sealed class Workflow : Pattern
{
    public override TransactionType Type => TransactionType.Workflow;

    public override bool CreatedBySubmit => false;

    public override bool CreatedByPrepare => true;

    public override DateTimeOffset? Deadline(Transaction state) =>
        state is { Status: TransactionStatus.Prepared, Query: null, Definition.Query.Url.Length: > 0 }
            ? state.Updated + state.Definition.Options.RetryInterval
            : null;

    public override void OnSucceeded(Draft draft, int index)
    {
        // The call came back, but the workflow has not said that it ended: look again later.
        draft[index] = draft[index] with { Status = BranchStatus.Prepared, Finished = null, RetryAt = NextLook(draft) };
    }

    public override Rejection? OnSubmit(Draft draft, Submission submission) =>
        new(RejectionKind.Invalid, "a workflow is submitted with its status in req_extra");

    public override void OnRetryNow(Draft draft) => AskNow(draft);

    /// <summary>Asking for a known workflow is how an SDK reads what it has done already, whatever its status.</summary>
    public override Rejection? OnPrepare(Draft draft) => null;

    public override Rejection? OnRegister(Draft draft, TransactionEvent.Register register)
    {
        if (draft.State.Status != TransactionStatus.Prepared)
        {
            return TransactionMachine.NoPrepared(draft.State.Definition.Gid);
        }

        // Not a failure of the business: the SDK must run again and will read the result that was recorded first.
        var rejection = Register(draft, register, RejectionKind.Superseded);
        if (rejection is null && draft.Changed)
        {
            // It is at work: do not start it a second time beside itself.
            draft.Change(t => t with
            {
                Updated = draft.Now,
                Query = t.Query is { RetryAt: not null } waiting ? waiting with { RetryAt = NextLook(draft) } : t.Query,
            });
        }

        return rejection;
    }

    public override Rejection? OnFinish(Draft draft, TransactionEvent.FinishWorkflow finish)
    {
        if (finish.Status is not (TransactionStatus.Succeed or TransactionStatus.Failed))
        {
            return new Rejection(RejectionKind.Invalid, "req_extra: a workflow ends with status succeed or failed");
        }

        if (draft.State.Status == finish.Status)
        {
            return null; // Said again.
        }

        if (draft.State.Status != TransactionStatus.Prepared)
        {
            return new Rejection(RejectionKind.Conflict, $"current status '{Names.Of(draft.State.Status)}', cannot sumbmit. FAILURE");
        }

        draft.Explain(finish.Reason);
        draft.Change(t => t with { Result = finish.Result });
        draft.Finish(finish.Status);
        return null;
    }

    public override void Advance(Draft draft)
    {
        if (draft.State.Query is { } query ? query.CanStart(draft.Now) : Deadline(draft.State) <= draft.Now)
        {
            draft.StartCallback();
        }
    }

    private static DateTimeOffset NextLook(Draft draft) => draft.After(RetryPolicy.AfterOngoing(draft.State.Definition.Options));
}

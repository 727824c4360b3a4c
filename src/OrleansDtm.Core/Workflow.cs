namespace OrleansDtm.Core;

/// <summary>
/// Code that runs in the submitter's SDK. The coordinator stores the results of its steps. After a retry interval
/// without a report, the coordinator calls the workflow, which resumes from these results. The SDK reports the final
/// status.
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
        // The callback returned, but the SDK has not reported the final status: call again later.
        draft[index] = draft[index] with
        {
            Status = BranchStatus.Prepared,
            Finished = null,
            RetryAt = NextLook(draft),
            GiveUpAt = null,
        };
    }

    public override Rejection? OnSubmit(Draft draft, Submission submission) =>
        new(RejectionKind.Invalid, "a workflow is submitted with its status in req_extra");

    public override void OnRetryNow(Draft draft) => AskNow(draft);

    /// <summary>Accepts a repeated prepare in any status: an SDK uses it to read the stored results.</summary>
    public override Rejection? OnPrepare(Draft draft) => null;

    public override Rejection? OnRegister(Draft draft, TransactionEvent.Register register)
    {
        if (draft.State.Status != TransactionStatus.Prepared)
        {
            return TransactionMachine.NoPrepared(draft.State.Definition.Gid);
        }

        // Not a business failure: the SDK must run again and then reads the result that was stored first.
        var rejection = Register(draft, register, RejectionKind.Superseded);
        if (rejection is null && draft.Changed)
        {
            // The workflow is running: postpone the callback, so that it does not run twice at once.
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
            return null; // A repeated report.
        }

        if (draft.State.Status != TransactionStatus.Prepared)
        {
            return new Rejection(
                RejectionKind.Conflict, $"current status '{Names.Of(draft.State.Status)}', cannot sumbmit. FAILURE");
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

    private static DateTimeOffset NextLook(Draft draft) =>
        draft.After(RetryPolicy.AfterOngoing(RetryPacing.Of(draft.State.Definition.Options), 1));
}

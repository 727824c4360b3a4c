namespace OrleansDtm.Core;

/// <summary>
/// What differs between saga, msg, tcc, xa and workflow. Stateless; everything it decides goes into the <see cref="Draft"/>.
/// The defaults are those of a pattern that has no such thing.
/// </summary>
internal abstract class Pattern : ICallRules
{
    /// <summary>Calls one transaction may hold: each write carries the progress of all of them.</summary>
    public const int BranchesMax = 10_000;

    /// <summary>Between two submits of a gid that cut waits short: a client that repeats itself must not become a storm of calls.</summary>
    public static readonly TimeSpan HurryPause = TimeSpan.FromSeconds(1);

    /// <summary>Bytes of payload that registered branches may hold together: they live in the activation's memory.</summary>
    public const long PayloadBytesMax = 64 * 1024 * 1024;

    public abstract TransactionType Type { get; }

    /// <summary>A submit may bring it into being.</summary>
    public abstract bool CreatedBySubmit { get; }

    /// <summary>A prepare may bring it into being.</summary>
    public abstract bool CreatedByPrepare { get; }

    /// <summary>
    /// What a prepared one lacks to come to an end if its submitter never speaks again, as text for the submitter; null = nothing.
    /// </summary>
    public virtual string? Lacks(TransactionDefinition definition) => null;

    /// <summary>When the transaction must be looked at because of its age, in its present status; null = never.</summary>
    public abstract DateTimeOffset? Deadline(Transaction state);

    /// <summary>FAILURE is an answer for this call; otherwise it is an error like any other and is retried.</summary>
    public virtual bool FailureIsAnswer(Transaction state, int index) => false;

    /// <summary>An unanswered call of this kind is worth another try in the present status.</summary>
    public virtual bool Retries(Transaction state, int index) => true;

    /// <summary>A call succeeded; its status is already set. What follows from a branch's status is up to <see cref="Advance"/>.</summary>
    public virtual void OnSucceeded(Draft draft, int index)
    {
    }

    /// <summary>A call failed for good; its status is already set.</summary>
    public virtual void OnFailed(Draft draft, int index, string error)
    {
    }

    /// <summary>A call came to nothing and may be retried.</summary>
    public virtual void OnError(Draft draft, int index)
    {
    }

    /// <summary>It is submitted; null = accepted.</summary>
    public virtual Rejection? OnSubmit(Draft draft, Submission submission)
    {
        switch (draft.State.Status)
        {
            case TransactionStatus.Prepared:
                draft.Change(t => t with
                {
                    Definition = SubmittedOptions.Merge(t.Definition, submission, draft.After(TimeSpan.Zero)),
                });
                draft.GoForward();
                return null;
            case TransactionStatus.Submitted:
                Resubmitted(draft); // Nothing runs twice, the answer is the same.
                return null;
            default:
                // "sumbmit" is how the reference spells it, and clients compare texts.
                return new Rejection(RejectionKind.Conflict, $"current status '{Names.Of(draft.State.Status)}', cannot sumbmit. FAILURE");
        }
    }

    /// <summary>An operator wants waiting calls made now; those that wait for a retry will be.</summary>
    public virtual void OnRetryNow(Draft draft)
    {
    }

    /// <summary>It is prepared again; null = accepted.</summary>
    public virtual Rejection? OnPrepare(Draft draft) => draft.State.Status == TransactionStatus.Prepared
        ? null
        : new Rejection(RejectionKind.Conflict, $"current status '{Names.Of(draft.State.Status)}', cannot prepare. FAILURE");

    /// <summary>The submitter wants to go back; null = accepted.</summary>
    public virtual Rejection? OnAbort(Draft draft, string reason) => CannotAbort(draft.State);

    /// <summary>The submitter adds branches; null = accepted.</summary>
    public virtual Rejection? OnRegister(Draft draft, TransactionEvent.Register register) =>
        new(RejectionKind.Conflict, $"a {Names.Of(Type)} takes no further branches. FAILURE");

    /// <summary>A workflow's SDK reports its end; null = accepted.</summary>
    public virtual Rejection? OnFinish(Draft draft, TransactionEvent.FinishWorkflow finish) =>
        new(RejectionKind.Conflict, $"a {Names.Of(Type)} is ended by its branches, not by its submitter. FAILURE");

    /// <summary>
    /// It comes from another coordinator, which may have made calls without noting it: marks them as started, and draws the
    /// conclusions that one did not come to.
    /// </summary>
    public virtual void OnAdopted(Draft draft)
    {
    }

    /// <summary>Does whatever the state allows now: ages out, starts calls, ends.</summary>
    public abstract void Advance(Draft draft);

    /// <summary>Makes the call of query_prepared or of the workflow's callback now, if it was not made yet.</summary>
    protected static void AskNow(Draft draft)
    {
        if (draft.State is { Status: TransactionStatus.Prepared, Query: null, Definition.Query.Url.Length: > 0 })
        {
            draft.StartCallback();
        }
    }

    protected string? LacksTimeout(TransactionDefinition definition) => definition.Options.TimeoutToFail > TimeSpan.Zero
        ? null
        : $"timeout_to_fail: a prepared {Names.Of(Type)} needs one, or it would wait for ever";

    protected Rejection CannotAbort(Transaction state) => new(
        RejectionKind.Conflict,
        $"trans type: '{Names.Of(Type)}' current status '{Names.Of(state.Status)}', cannot abort. FAILURE");

    /// <summary>
    /// Adds what is not registered yet. The same branch said again changes nothing; with other content it is refused.
    /// </summary>
    protected static Rejection? Register(Draft draft, TransactionEvent.Register register, RejectionKind otherContent)
    {
        List<BranchOp> added = [];
        foreach (var definition in register.Branches)
        {
            if (Find(draft, definition) is not { } known)
            {
                added.Add(new BranchOp
                {
                    Definition = definition,
                    Status = register.Status,
                    Started = register.Status != BranchStatus.Prepared,
                    Finished = register.Status == BranchStatus.Prepared ? null : draft.Now,
                });
            }
            else if (known.Definition.Url != definition.Url
                || !known.Definition.Payload.Span.SequenceEqual(definition.Payload.Span)
                || (register.Status != BranchStatus.Prepared && known.Status != register.Status))
            {
                return new Rejection(otherContent, $"branch {definition.Id} {definition.Op} is registered already, with other content");
            }
        }

        if (added.Count == 0)
        {
            return null;
        }

        long bytes = added.Sum(static b => (long)b.Definition.Payload.Length);
        for (var i = 0; i < draft.Count; i++)
        {
            bytes += draft[i].Definition.Payload.Length;
        }

        if (draft.Count + added.Count > BranchesMax || bytes > PayloadBytesMax)
        {
            return new Rejection(
                RejectionKind.Invalid,
                $"branch_id: the transaction holds {draft.Count} calls already; at most {BranchesMax}, with {PayloadBytesMax} bytes of data, fit in one");
        }

        draft.Add(added);
        return null;
    }

    /// <summary>Makes the calls that wait now, but not more than once a second however often it is submitted.</summary>
    private static void Resubmitted(Draft draft)
    {
        if (draft.Now - draft.State.Hurried is { } since && since >= TimeSpan.Zero && since < HurryPause)
        {
            return;
        }

        if (draft.Hurry())
        {
            draft.Change(t => t with { Hurried = draft.Now });
        }
    }

    private static BranchOp? Find(Draft draft, BranchOpDefinition definition)
    {
        for (var i = 0; i < draft.Count; i++)
        {
            if (draft[i].Definition.Id == definition.Id && draft[i].Definition.Op == definition.Op)
            {
                return draft[i];
            }
        }

        return null;
    }
}

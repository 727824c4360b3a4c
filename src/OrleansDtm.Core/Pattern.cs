using System.Collections.Immutable;

namespace OrleansDtm.Core;

/// <summary>
/// Defines what differs between saga, msg, tcc, xa and workflow. Stateless: all results go into the
/// <see cref="Draft"/>. Each default suits a pattern that does not support the operation.
/// </summary>
internal abstract class Pattern : ICallRules
{
    /// <summary>
    /// The maximum number of branch calls in one transaction. Limited because each write contains the progress of all
    /// of them.
    /// </summary>
    public const int BranchesMax = 10_000;

    /// <summary>
    /// The minimum time between two repeated submits of a gid that make retries due at once. It protects branch
    /// services from a client that repeats its submit in a loop.
    /// </summary>
    public static readonly TimeSpan HurryPause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The maximum total payload of registered branches in bytes. Limited because the grain activation holds them in
    /// memory.
    /// </summary>
    public const long PayloadBytesMax = 64 * 1024 * 1024;

    public abstract TransactionType Type { get; }

    /// <summary>True if a submit may create the transaction.</summary>
    public abstract bool CreatedBySubmit { get; }

    /// <summary>True if a prepare may create the transaction.</summary>
    public abstract bool CreatedByPrepare { get; }

    /// <summary>
    /// Returns an error text if a prepared transaction could never end without its submitter; null = it is complete.
    /// </summary>
    public virtual string? Lacks(TransactionDefinition definition) => null;

    /// <summary>
    /// Returns the time at which the transaction's age requires an action in its current status (UTC); null = never.
    /// </summary>
    public abstract DateTimeOffset? Deadline(Transaction state);

    /// <summary>
    /// Returns true if FAILURE is a final result of this call. Otherwise FAILURE is an error and the call is retried.
    /// </summary>
    public virtual bool FailureIsAnswer(Transaction state, int index) => false;

    /// <summary>
    /// Returns true if an action has surely succeeded, or is the one to compensate, when another call is made, so that
    /// its result can be in the call's payload.
    /// </summary>
    /// <param name="options">The options of the transaction.</param>
    /// <param name="action">The index of the action.</param>
    /// <param name="index">The index of the call.</param>
    public virtual bool HasResultBefore(TransactionOptions options, int action, int index) => false;

    /// <summary>Returns true if a call of this kind is retried in the current status.</summary>
    public virtual bool Retries(Transaction state, int index) => true;

    /// <summary>
    /// Returns true if the call is put aside. Only for calls that cannot be refused: the others have other limits. A
    /// call that was not made for lack of a call slot is no reason.
    /// </summary>
    public bool GivesUp(Draft draft, int index, OutcomeKind outcome, int failures)
    {
        if (outcome == OutcomeKind.NotSent || FailureIsAnswer(draft.State, index))
        {
            return false;
        }

        var branch = draft[index];
        var limit = CallSettings.GiveUpAfter(draft.State.Definition.Options, branch.Definition);
        return (limit > 0 && failures >= limit) || branch.GiveUpAt <= draft.Now;
    }

    /// <summary>
    /// Handles the success of a call, after its status is set. <see cref="Advance"/> starts the next calls.
    /// </summary>
    public virtual void OnSucceeded(Draft draft, int index)
    {
    }

    /// <summary>Handles the final failure of a call, after its status is set.</summary>
    public virtual void OnFailed(Draft draft, int index, string error)
    {
    }

    /// <summary>Handles an error of a call that may be retried.</summary>
    public virtual void OnError(Draft draft, int index)
    {
    }

    /// <summary>Handles a submit; null = accepted.</summary>
    public virtual Rejection? OnSubmit(Draft draft, Submission submission)
    {
        switch (draft.State.Status)
        {
            case TransactionStatus.Prepared when submission.Definition.Options.ResultBytesMax > 0
                && draft.State.Definition.Options.ResultBytesMax == 0:
                return new Rejection(RejectionKind.Invalid, "results: must be set in the prepare");
            case TransactionStatus.Prepared:
                var merged = SubmittedOptions.Merge(draft.State.Definition, submission, draft.After(TimeSpan.Zero));
                var calls = draft.State.Branches.Select(static b => b.Definition).ToImmutableArray();
                if (ResultPayloads.Problem(this, merged.Options, calls) is { } wrong)
                {
                    return new Rejection(RejectionKind.Invalid, wrong); // It made the steps concurrent.
                }

                draft.Change(t => t with { Definition = merged });
                draft.GoForward();
                return null;
            case TransactionStatus.Submitted:
                Resubmitted(draft); // Idempotent: no branch runs twice, and the response is the same.
                return null;
            default:
                // "sumbmit" is how the reference spells it, and clients compare texts.
                return new Rejection(
                    RejectionKind.Conflict,
                    $"current status '{Names.Of(draft.State.Status)}', cannot sumbmit. FAILURE");
        }
    }

    /// <summary>Handles an operator's "retry now". The caller has already made pending retries due.</summary>
    public virtual void OnRetryNow(Draft draft)
    {
    }

    /// <summary>Handles a repeated prepare; null = accepted.</summary>
    public virtual Rejection? OnPrepare(Draft draft) => draft.State.Status == TransactionStatus.Prepared
        ? null
        : new Rejection(
            RejectionKind.Conflict, $"current status '{Names.Of(draft.State.Status)}', cannot prepare. FAILURE");

    /// <summary>Handles an abort by the submitter; null = accepted.</summary>
    public virtual Rejection? OnAbort(Draft draft, string reason) => CannotAbort(draft.State);

    /// <summary>Handles the registration of branches; null = accepted.</summary>
    public virtual Rejection? OnRegister(Draft draft, TransactionEvent.Register register) =>
        new(RejectionKind.Conflict, $"a {Names.Of(Type)} takes no further branches. FAILURE");

    /// <summary>Handles the final status reported by a workflow's SDK; null = accepted.</summary>
    public virtual Rejection? OnFinish(Draft draft, TransactionEvent.FinishWorkflow finish) =>
        new(RejectionKind.Conflict, $"a {Names.Of(Type)} is ended by its branches, not by its submitter. FAILURE");

    /// <summary>
    /// Prepares a transaction imported from another coordinator. Marks calls that it may have made without recording
    /// them as started, and applies status changes that it had not made yet.
    /// </summary>
    public virtual void OnAdopted(Draft draft)
    {
    }

    /// <summary>Applies every action the state allows now: timeouts, new calls, the final status.</summary>
    public abstract void Advance(Draft draft);

    /// <summary>Starts the query_prepared call or the workflow's callback now, if it has not been made yet.</summary>
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
    /// Adds branches that are not registered yet. A repeated branch changes nothing; with different content it is
    /// rejected.
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
                return new Rejection(
                    otherContent, $"branch {definition.Id} {definition.Op} is registered already, with other content");
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
                $"branch_id: the transaction holds {draft.Count} calls already; at most {BranchesMax}, with "
                + $"{PayloadBytesMax} bytes of data, fit in one");
        }

        draft.Add(added);
        return null;
    }

    /// <summary>Makes pending retries due now, at most once per <see cref="HurryPause"/>.</summary>
    private static void Resubmitted(Draft draft)
    {
        if (draft.Now - draft.State.Hurried is { } since && since >= TimeSpan.Zero && since < HurryPause)
        {
            return;
        }

        if (draft.Hurry(resume: false))
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

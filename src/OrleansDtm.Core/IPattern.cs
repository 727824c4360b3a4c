namespace OrleansDtm.Core;

/// <summary>What differs between saga, msg, tcc, xa and workflow. Stateless; everything it decides goes into the <see cref="Draft"/>.</summary>
internal interface IPattern
{
    /// <summary>A submit may bring it into being.</summary>
    bool CreatedBySubmit { get; }

    /// <summary>A prepare may bring it into being.</summary>
    bool CreatedByPrepare { get; }

    /// <summary>When the transaction must be looked at because of its age, in its present status; null = never.</summary>
    DateTimeOffset? Deadline(Transaction state);

    /// <summary>FAILURE is an answer for this call; otherwise it is an error like any other and is retried.</summary>
    bool FailureIsAnswer(Transaction state, int index);

    /// <summary>An unanswered call of this kind is worth another try in the present status.</summary>
    bool Retries(Transaction state, int index);

    /// <summary>A call succeeded; its status is already set.</summary>
    void OnSucceeded(Draft draft, int index);

    /// <summary>A call failed for good; its status is already set.</summary>
    void OnFailed(Draft draft, int index, string error);

    /// <summary>A call came to nothing and may be retried.</summary>
    void OnError(Draft draft, int index);

    /// <summary>The submitter wants to go back; null = accepted.</summary>
    Rejection? OnAbort(Draft draft, string reason);

    /// <summary>The submitter adds branches; null = accepted.</summary>
    Rejection? OnRegister(Draft draft, TransactionEvent.Register register);

    /// <summary>Does whatever the state allows now: ages out, starts calls, ends.</summary>
    void Advance(Draft draft);
}

namespace OrleansDtm.Core;

/// <summary>What the answers to calls of a kind mean.</summary>
internal interface ICallRules
{
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
}

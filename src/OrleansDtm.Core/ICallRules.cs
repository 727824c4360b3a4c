namespace OrleansDtm.Core;

/// <summary>Defines what the responses to a kind of call mean.</summary>
internal interface ICallRules
{
    /// <summary>
    /// Returns true if FAILURE is a final result of this call. Otherwise FAILURE is an error and the call is retried.
    /// </summary>
    bool FailureIsAnswer(Transaction state, int index);

    /// <summary>Returns true if a call of this kind is retried in the current status.</summary>
    bool Retries(Transaction state, int index);

    /// <summary>Returns true if the call is put aside instead of retried.</summary>
    /// <param name="draft">The transaction.</param>
    /// <param name="index">The call; <see cref="Retries"/> is true for it.</param>
    /// <param name="outcome">The outcome of the attempt.</param>
    /// <param name="failures">Consecutive errors, with this attempt.</param>
    bool GivesUp(Draft draft, int index, OutcomeKind outcome, int failures);

    /// <summary>Handles the success of a call, after its status is set.</summary>
    void OnSucceeded(Draft draft, int index);

    /// <summary>Handles the final failure of a call, after its status is set.</summary>
    void OnFailed(Draft draft, int index, string error);

    /// <summary>Handles an error of a call that may be retried.</summary>
    void OnError(Draft draft, int index);
}

namespace OrleansDtm.Client;

/// <summary>What came of a submit, as far as it had come when it was answered.</summary>
/// <param name="Gid">Which transaction.</param>
/// <param name="Status">Where it stood.</param>
/// <param name="RollbackReason">Why it turned back; empty when it did not.</param>
/// <param name="LastError">The latest error of a branch while it has not ended; empty when there was none, or the coordinator does not tell.</param>
public sealed record TransactionResult(string Gid, GlobalStatus Status, string RollbackReason = "", string LastError = "")
{
    /// <summary>Nothing changes any more.</summary>
    public bool HasEnded => Status is GlobalStatus.Succeeded or GlobalStatus.Failed;

    /// <summary>It has ended, and everything asked for was done.</summary>
    public bool Succeeded => Status == GlobalStatus.Succeeded;

    /// <summary>For whom anything else is an error.</summary>
    /// <returns>This result.</returns>
    /// <exception cref="TransactionFailedException">It was rolled back, or has not ended.</exception>
    public TransactionResult EnsureSucceeded() => Succeeded
        ? this
        : throw new TransactionFailedException(
            $"The transaction {Gid} is {Status}: {(RollbackReason.Length > 0 ? RollbackReason : LastError.Length > 0 ? LastError : "no reason given")}")
        {
            Gid = Gid,
            Status = Status,
            Reason = RollbackReason.Length > 0 ? RollbackReason : LastError,
        };
}

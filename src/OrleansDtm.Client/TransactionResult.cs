namespace OrleansDtm.Client;

/// <summary>The result of a submit, at the time of its response.</summary>
/// <param name="Gid">The gid.</param>
/// <param name="Status">The status.</param>
/// <param name="RollbackReason">The rollback reason; empty when it is not rolled back.</param>
/// <param name="LastError">The latest error of a branch, of an unfinished transaction; empty when there is none, or
/// unknown.</param>
public sealed record TransactionResult(
    string Gid, GlobalStatus Status, string RollbackReason = "", string LastError = "")
{
    /// <summary>
    /// The results of the steps of a saga or message that keeps them and was waited for; empty = none.
    /// </summary>
    public IReadOnlyList<StepAnswer> Results { get; init; } = [];

    /// <summary>The status is final.</summary>
    public bool HasEnded => Status is GlobalStatus.Succeeded or GlobalStatus.Failed;

    /// <summary>The status is final, and all calls succeeded.</summary>
    public bool Succeeded => Status == GlobalStatus.Succeeded;

    /// <summary>Throws unless it succeeded.</summary>
    /// <returns>This result.</returns>
    /// <exception cref="TransactionFailedException">It was rolled back, or has not ended.</exception>
    public TransactionResult EnsureSucceeded() => Succeeded
        ? this
        : throw new TransactionFailedException(
            $"The transaction {Gid} is {Status}: "
            + $"{(RollbackReason.Length > 0 ? RollbackReason : LastError.Length > 0 ? LastError : "no reason given")}")
        {
            Gid = Gid,
            Status = Status,
            Reason = RollbackReason.Length > 0 ? RollbackReason : LastError,
        };
}

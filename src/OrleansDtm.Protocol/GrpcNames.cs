namespace OrleansDtm.Protocol;

/// <summary>The metadata that identifies a branch call.</summary>
public static class BranchMetadata
{
    public const string Gid = "dtm-gid";
    public const string TransType = "dtm-trans_type";
    public const string BranchId = "dtm-branch_id";
    public const string Op = "dtm-op";

    /// <summary>The coordinator's address in calls of an SDK; empty in the coordinator's own.</summary>
    public const string Dtm = "dtm-dtm";
}

/// <summary>
/// Trailers of a response other than OK, with details that the status lacks. DTM's SDKs ignore them, and DTM's servers
/// do not send them.
/// </summary>
public static class AnswerMetadata
{
    /// <summary>One of <see cref="AnswerOutcomes"/>.</summary>
    public const string Outcome = "dtm-outcome";

    /// <summary>
    /// Status of the transaction: prepared, submitted, aborting, succeed or failed. Absent if unknown.
    /// </summary>
    public const string Status = "dtm-status";

    /// <summary>Present when the status message is a truncated rollback reason; Query has it.</summary>
    public const string ReasonPartial = "dtm-reason-partial";
}

/// <summary>The meaning of a response other than OK.</summary>
public static class AnswerOutcomes
{
    /// <summary>
    /// The caller waited for the result, and the transaction is rolled back (failed) or rolling back (aborting).
    /// </summary>
    public const string RolledBack = "rolled-back";

    /// <summary>The caller waited for the result, and the transaction has not ended yet.</summary>
    public const string Unfinished = "unfinished";

    /// <summary>The status of the transaction does not allow the request.</summary>
    public const string Conflict = "conflict";

    /// <summary>There is no such transaction, branch, topic or subscriber.</summary>
    public const string NotFound = "not-found";

    /// <summary>The request is invalid or too large; a retry gets the same answer.</summary>
    public const string Invalid = "invalid";

    /// <summary>Retry.</summary>
    public const string Unavailable = "unavailable";
}

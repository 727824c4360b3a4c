namespace OrleansDtm.Protocol;

/// <summary>The metadata that tells a branch which call this is.</summary>
public static class BranchMetadata
{
    public const string Gid = "dtm-gid";
    public const string TransType = "dtm-trans_type";
    public const string BranchId = "dtm-branch_id";
    public const string Op = "dtm-op";

    /// <summary>The coordinator's address in calls an SDK makes; empty in the coordinator's own.</summary>
    public const string Dtm = "dtm-dtm";
}

/// <summary>
/// Trailers of an answer that is not OK: they say what the status alone does not. DTM's SDKs do not read them, and
/// DTM's servers do not send them.
/// </summary>
public static class AnswerMetadata
{
    /// <summary>One of <see cref="AnswerOutcomes"/>.</summary>
    public const string Outcome = "dtm-outcome";

    /// <summary>
    /// Where the transaction stands: prepared, submitted, aborting, succeed or failed. Absent when it is not known.
    /// </summary>
    public const string Status = "dtm-status";

    /// <summary>
    /// Present when the status message is not the whole rollback reason, word for word; Query has it.
    /// </summary>
    public const string ReasonPartial = "dtm-reason-partial";
}

/// <summary>What an answer that is not OK means.</summary>
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

    /// <summary>The request is wrong or too large, and stays so when it is sent again.</summary>
    public const string Invalid = "invalid";

    /// <summary>Try again.</summary>
    public const string Unavailable = "unavailable";
}

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

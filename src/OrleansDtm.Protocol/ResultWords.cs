namespace OrleansDtm.Protocol;

/// <summary>The words by which services and coordinator tell each other how it went.</summary>
public static class ResultWords
{
    public const string Success = "SUCCESS";
    public const string Failure = "FAILURE";
    public const string Ongoing = "ONGOING";

    /// <summary>HTTP status of a business failure.</summary>
    public const int FailureStatus = 409;

    /// <summary>HTTP status of "still at it".</summary>
    public const int OngoingStatus = 425;
}

/// <summary>The query names that tell a branch which call this is.</summary>
public static class BranchQuery
{
    public const string Gid = "gid";
    public const string TransType = "trans_type";
    public const string BranchId = "branch_id";
    public const string Op = "op";
}

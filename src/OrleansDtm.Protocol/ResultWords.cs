namespace OrleansDtm.Protocol;

/// <summary>The result words of services and coordinator.</summary>
public static class ResultWords
{
    public const string Success = "SUCCESS";
    public const string Failure = "FAILURE";
    public const string Ongoing = "ONGOING";

    /// <summary>HTTP status of a business failure.</summary>
    public const int FailureStatus = 409;

    /// <summary>HTTP status of "in progress".</summary>
    public const int OngoingStatus = 425;
}

/// <summary>The query names that identify a branch call.</summary>
public static class BranchQuery
{
    public const string Gid = "gid";
    public const string TransType = "trans_type";
    public const string BranchId = "branch_id";
    public const string Op = "op";

    /// <summary>The coordinator's address, in calls of an SDK.</summary>
    public const string Dtm = "dtm";

    /// <summary>XA: the URL that the branch registers for commit and rollback, in the call of an SDK.</summary>
    public const string Phase2Url = "phase2_url";
}

/// <summary>The headers that name a namespace. Not in DTM.</summary>
public static class NamespaceHeader
{
    /// <summary>
    /// HTTP header and gRPC metadata. In a request: the namespace of its gid or topic. In a branch call: the namespace
    /// of the transaction; absent = the default one.
    /// </summary>
    public const string Name = "x-dtm-namespace";

    /// <summary>The same as a query parameter of GET requests.</summary>
    public const string Query = "namespace";
}

/// <summary>The error codes of JSON-RPC 2.0, and DTM's two for business results.</summary>
public static class JsonRpcCodes
{
    public const int Parse = -32700;
    public const int BadRequest = -32600;
    public const int UnknownMethod = -32601;
    public const int Internal = -32603;
    public const int Failure = -32901;
    public const int Ongoing = -32902;

    /// <summary>The caller is not authenticated.</summary>
    public const int Unauthenticated = -32001;

    /// <summary>The caller lacks a role.</summary>
    public const int Forbidden = -32003;

    /// <summary>The caller has exceeded its rate limit.</summary>
    public const int TooMany = -32029;
}

namespace OrleansDtm.Client;

/// <summary>The response of a participant. After any other response, or none, the coordinator retries.</summary>
public enum BranchOutcome
{
    /// <summary>Succeeded.</summary>
    Success,

    /// <summary>Failed, do not retry: roll back. Only an action, a try and query_prepared may fail.</summary>
    Failure,

    /// <summary>In progress: call again later.</summary>
    Ongoing,
}

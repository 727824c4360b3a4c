namespace OrleansDtm.Client;

/// <summary>What a participant answers. Anything else, or no answer, is neither: it is asked again.</summary>
public enum BranchOutcome
{
    /// <summary>Done.</summary>
    Success,

    /// <summary>Cannot be done, ever: roll back. Only an action, a try and a prepared message's question may answer so.</summary>
    Failure,

    /// <summary>Still at it: ask again later.</summary>
    Ongoing,
}

namespace OrleansDtm.Testing;

/// <summary>What the caller of a branch heard.</summary>
public enum CallOutcome
{
    /// <summary>The call is under way.</summary>
    None = 0,

    /// <summary>Success.</summary>
    Succeeded = 1,

    /// <summary>FAILURE: the branch refused.</summary>
    Failed = 2,

    /// <summary>ONGOING: it is called again later.</summary>
    Ongoing = 3,

    /// <summary>An error, or no answer: the branch may have run, and is called again later.</summary>
    Unknown = 4,
}

namespace OrleansDtm.Client;

/// <summary>The status of a global transaction.</summary>
public enum GlobalStatus
{
    /// <summary>A status that this version does not know.</summary>
    Unknown = 0,

    /// <summary>Prepared; its submitter has not decided yet.</summary>
    Prepared = 1,

    /// <summary>Running forward.</summary>
    Submitted = 2,

    /// <summary>Rolling back.</summary>
    Aborting = 3,

    /// <summary>Ended: all calls succeeded.</summary>
    Succeeded = 4,

    /// <summary>Ended: rolled back, or force-stopped.</summary>
    Failed = 5,
}

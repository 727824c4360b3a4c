namespace OrleansDtm.Client;

/// <summary>Where a global transaction stands.</summary>
public enum GlobalStatus
{
    /// <summary>A word this version does not know.</summary>
    Unknown = 0,

    /// <summary>Announced; its submitter has not decided yet.</summary>
    Prepared = 1,

    /// <summary>On its way forward.</summary>
    Submitted = 2,

    /// <summary>On its way back.</summary>
    Aborting = 3,

    /// <summary>The end: everything asked for was done.</summary>
    Succeeded = 4,

    /// <summary>The end: rolled back, or stopped by force.</summary>
    Failed = 5,
}

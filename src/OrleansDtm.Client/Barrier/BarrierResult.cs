namespace OrleansDtm.Client;

/// <summary>
/// The result of a barrier. Answer all as success; no caller waits for the response to <see cref="Hanging"/>.
/// </summary>
public enum BarrierResult
{
    /// <summary>The first call of its kind, in time: the work ran.</summary>
    Executed,

    /// <summary>A repeated call: the work was not run again.</summary>
    Duplicate,

    /// <summary>A compensation whose action never ran: the work was not run, and the action never will.</summary>
    NullCompensation,

    /// <summary>A call after its compensation: the work was not run.</summary>
    Hanging,
}

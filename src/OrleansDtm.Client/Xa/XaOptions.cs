namespace OrleansDtm.Client;

/// <summary>How XA branches work. Safe for concurrent use once it is set up.</summary>
public sealed class XaOptions
{
    /// <summary>Table and dialect: MySql or PostgreSql. The table must be where the business is, and use transactions.</summary>
    public BarrierOptions Barrier { get; set; } = new();

    /// <summary>
    /// How long a commit or rollback looks for a branch that is not there, or not ready, before it asks to be called again later. A try that
    /// has begun by then may wait a second for a lock, so it must be less than the request_timeout of the transaction (3 s unless it says
    /// otherwise) by more than that. Default: 1.5 s.
    /// </summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(1.5);

    /// <summary>The clock of <see cref="Patience"/>. Default: the system's.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    internal static XaOptions Default { get; } = new();
}

namespace OrleansDtm.Client;

/// <summary>Options of XA branches. Thread-safe after configuration.</summary>
public sealed class XaOptions
{
    /// <summary>
    /// Table and dialect: MySql or PostgreSql. The table must be in the branch's database, and transactional.
    /// </summary>
    public BarrierOptions Barrier { get; set; } = new();

    /// <summary>
    /// How long a commit or rollback searches for a branch that does not exist, or is not prepared, before it answers
    /// ONGOING. The last attempt may wait a second for a lock, so it must be more than a second below the
    /// request_timeout of the transaction (3 s by default). Default: 1.5 s.
    /// </summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(1.5);

    /// <summary>The clock of <see cref="Patience"/>. Default: the system's.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    internal static XaOptions Default { get; } = new();
}

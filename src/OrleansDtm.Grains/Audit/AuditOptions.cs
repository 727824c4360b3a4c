namespace OrleansDtm.Grains.Audit;

/// <summary>Options of the audit log.</summary>
public sealed class AuditOptions
{
    /// <summary>
    /// True to record the requests of applications too: prepare, submit, register and abort. They are kept as long as
    /// transactions, at most for <see cref="Retention"/>. Default false: only actions of operators, and refused
    /// attempts.
    /// </summary>
    public bool Requests { get; set; }

    /// <summary>The age at which records are deleted. Default 90 days; null = never.</summary>
    public TimeSpan? Retention { get; set; } = TimeSpan.FromDays(90);
}

using OrleansDtm.Grains.Audit;

namespace OrleansDtm.Server.Configuration;

/// <summary>Reads the settings of the audit log.</summary>
internal static class AuditSettings
{
    private const string Retention = "Audit:Retention";
    private const string Requests = "Audit:Requests";

    /// <summary>The names of the settings.</summary>
    public static readonly string[] Names = [Retention, Requests];

    /// <param name="read">Reads settings and collects problems.</param>
    /// <param name="defaults">The defaults.</param>
    /// <param name="security">The security settings, already read.</param>
    public static AuditOptions Read(SettingsReader read, AuditOptions defaults, SecurityOptions security) => new()
    {
        Retention = read.Retention(Retention, defaults.Retention!.Value),

        // Without authentication a record of each request says nothing that the transaction does not.
        Requests = read.Text(Requests, "").Length > 0 ? read.Truth(Requests) : security.IsOn,
    };
}

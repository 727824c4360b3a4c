namespace OrleansDtm.Server.Configuration;

/// <summary>
/// The configuration is invalid. Each message names the setting, the error, and what to write instead.
/// </summary>
public sealed class SettingsException(IReadOnlyList<string> problems)
    : Exception(string.Join(Environment.NewLine, problems))
{
    public IReadOnlyList<string> Problems { get; } = problems;

    /// <summary>All problems are connection strings that the driver refuses.</summary>
    public bool IsRefusedByDriver { get; init; }
}

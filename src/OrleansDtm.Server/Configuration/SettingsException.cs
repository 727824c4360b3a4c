namespace OrleansDtm.Server.Configuration;

/// <summary>The configuration cannot be used. Each message names the setting, what is wrong, and what to write instead.</summary>
public sealed class SettingsException(IReadOnlyList<string> problems) : Exception(string.Join(Environment.NewLine, problems))
{
    public IReadOnlyList<string> Problems { get; } = problems;

    /// <summary>All of them are connection strings that a driver does not take.</summary>
    public bool IsRefusedByDriver { get; init; }
}

using OrleansDtm.Server.Apis;
using OrleansDtm.Server.Checks;
using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Admin;

/// <summary>The settings of this silo, as it has read them at its start.</summary>
internal sealed class SettingsPage(CoordinatorOptions options, ILocalSiloDetails here)
{
    private readonly SettingsView _view = new()
    {
        Silo = here.SiloAddress.Endpoint.ToString(),
        Name = here.Name,
        Version = HttpApi.Version,
        Settings = [.. (options.Shown ?? SettingsReport.Rows(options)).Select(SettingView.Of)],
    };

    public SettingsView Read() => _view;
}

internal sealed class SettingsView
{
    /// <summary>IP address and port.</summary>
    public required string Silo { get; init; }

    public required string Name { get; init; }

    public required string Version { get; init; }

    /// <summary>By name.</summary>
    public required IReadOnlyList<SettingView> Settings { get; init; }
}

internal sealed class SettingView
{
    public required string Key { get; init; }

    /// <summary>Without secrets; null = none.</summary>
    public string? Value { get; init; }

    /// <summary>A file, environment, command line, code, or default.</summary>
    public required string Source { get; init; }

    public static SettingView Of(ShownSetting setting) => new()
    {
        Key = setting.Key,
        Value = setting.Value == ShownSetting.None ? null : setting.Value,
        Source = setting.Source,
    };
}

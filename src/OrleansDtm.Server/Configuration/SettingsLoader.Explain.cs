namespace OrleansDtm.Server.Configuration;

/// <summary>The source of each setting.</summary>
public static partial class SettingsLoader
{
    private const string FromEnvironment = "environment";

    /// <summary>Names of <see cref="Sources"/>, in their order.</summary>
    private static readonly string[] SourceNames =
    [
        "appsettings.json beside the program", "appsettings.json here", FromEnvironment, FromEnvironment,
        FromEnvironment, "conf.yml", "command line",
    ];

    /// <summary>All settings in the order of their names, with the given value; null = not given.</summary>
    /// <exception cref="SettingsException">The command line or a file cannot be read.</exception>
    internal static IReadOnlyList<GivenSetting> Explain(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        var line = CommandLine(args, out var file);
        try
        {
            // <see cref="Load(string[])"/> reports ignored settings.
            return Explain(Sources(file, line, static _ => { }));
        }
        catch (InvalidDataException e)
        {
            throw new SettingsException([$"appsettings.json: {e.Message} {e.InnerException?.Message}"]);
        }
    }

    /// <summary>The names of all settings that are not lists, sorted.</summary>
    internal static IEnumerable<string> Keys =>
        OwnKeys.Concat(TelemetrySettings.Keys).Order(StringComparer.OrdinalIgnoreCase);

    private static IReadOnlyList<GivenSetting> Explain(IConfigurationRoot root)
    {
        var providers = root.Providers.Zip(SourceNames).Reverse().ToList();
        var lists = OwnLists.SelectMany(
            list => root.GetSection(list).GetChildren().Select(entry => $"{list}:{entry.Key}"));
        var services = root.GetSection(ServiceSettings.Section)
            .AsEnumerable()
            .Where(static s => s.Value is not null)
            .Select(static s => s.Key);
        return
        [
            .. from key in OwnKeys.Concat(TelemetrySettings.Keys)
                .Concat(OwnLists)
                .Concat(lists)
                .Concat(services)
                .Distinct(StringComparer.OrdinalIgnoreCase)
                .Order(StringComparer.OrdinalIgnoreCase)
               let value = root[key]
               let source = providers.FirstOrDefault(
                   p => p.First.TryGet(key, out var found) && found == value).Second
               select new GivenSetting(key, string.IsNullOrEmpty(value) ? null : value, source),
        ];
    }

    /// <summary>
    /// Names in our environment variables and in appsettings.json that are not a setting, which are ignored otherwise.
    /// </summary>
    internal static IReadOnlyList<string> FindUnknown() =>
    [
        .. from name in Environment.GetEnvironmentVariables().Keys.Cast<string>()
           where name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
               && !IsOwn(name[Prefix.Length..].Replace("__", ":", StringComparison.Ordinal))
           orderby name
           select name,
        .. from setting in new ConfigurationBuilder()
            .AddJsonFile(Path.GetFullPath("appsettings.json"), optional: true)
            .Build()
            .AsEnumerable()
           where setting.Value is not null && !IsOwn(setting.Key)
           orderby setting.Key
           select $"{setting.Key} in appsettings.json",
    ];

    private const string Prefix = "ORLEANSDTM_";
}

/// <param name="Key">Its name.</param>
/// <param name="Value">The given value; null = it has its default.</param>
/// <param name="Source">The source of the value; null = it has its default.</param>
internal sealed record GivenSetting(string Key, string? Value, string? Source);

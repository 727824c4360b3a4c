namespace OrleansDtm.Server.Configuration;

/// <summary>Where each setting comes from, for who wonders why it is what it is.</summary>
public static partial class SettingsLoader
{
    private const string FromEnvironment = "environment";

    /// <summary>Of the sources in <see cref="Sources"/>, in their order.</summary>
    private static readonly string[] SourceNames =
    [
        "appsettings.json beside the program", "appsettings.json here", FromEnvironment, FromEnvironment, FromEnvironment, "conf.yml", "command line",
    ];

    /// <summary>Every setting there is, in the order of their names; its value is as it was given, null where nothing was said.</summary>
    /// <exception cref="SettingsException">The command line or a file cannot be read.</exception>
    internal static IReadOnlyList<GivenSetting> Explain(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        var line = CommandLine(args, out var file);
        try
        {
            var root = Sources(file, line, static _ => { }); // Who loads them tells it.
            var providers = root.Providers.Zip(SourceNames).Reverse().ToList();
            var lists = OwnLists.SelectMany(list => root.GetSection(list).GetChildren().Select(entry => $"{list}:{entry.Key}"));
            var services = root.GetSection(ServiceSettings.Section).AsEnumerable().Where(static s => s.Value is not null).Select(static s => s.Key);
            return
            [
                .. from key in OwnKeys.Concat(TelemetrySettings.Keys).Concat(OwnLists).Concat(lists).Concat(services).Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.OrdinalIgnoreCase)
                   let value = root[key]
                   let source = providers.FirstOrDefault(p => p.First.TryGet(key, out var found) && found == value).Second
                   select new GivenSetting(key, string.IsNullOrEmpty(value) ? null : value, source),
            ];
        }
        catch (InvalidDataException e)
        {
            throw new SettingsException([$"appsettings.json: {e.Message} {e.InnerException?.Message}"]);
        }
    }

    /// <summary>Names in our own environment variables and in appsettings.json that no setting has: mistyped, and ignored without a word.</summary>
    internal static IReadOnlyList<string> FindUnknown() =>
    [
        .. from name in Environment.GetEnvironmentVariables().Keys.Cast<string>()
           where name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
               && !IsOwn(name[Prefix.Length..].Replace("__", ":", StringComparison.Ordinal))
           orderby name
           select name,
        .. from setting in new ConfigurationBuilder().AddJsonFile(Path.GetFullPath("appsettings.json"), optional: true).Build().AsEnumerable()
           where setting.Value is not null && !IsOwn(setting.Key)
           orderby setting.Key
           select $"{setting.Key} in appsettings.json",
    ];

    private const string Prefix = "ORLEANSDTM_";
}

/// <param name="Key">Its name.</param>
/// <param name="Value">As it was given; null = it has its default.</param>
/// <param name="Source">Who said so; null with it.</param>
internal sealed record GivenSetting(string Key, string? Value, string? Source);

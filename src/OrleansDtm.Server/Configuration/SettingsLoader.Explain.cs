using System.Collections;
using System.Text.RegularExpressions;
using OrleansDtm.CommandLines;

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
    /// A sentence for each name in our environment variables and in appsettings.json that is not a setting.
    /// </summary>
    private static IReadOnlyList<string> FindUnknown() =>
    [
        .. from variable in Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
           let name = (string)variable.Key
           where name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
               && !ServiceLink().IsMatch($"{name}={variable.Value}")
           let key = name[Prefix.Length..].Replace("__", ":", StringComparison.Ordinal)
           where !IsOwn(key)
           orderby name
           select Unknown($"environment: {name}", key),
        .. Environment.GetEnvironmentVariables().Keys.Cast<string>().Order(StringComparer.Ordinal)
            .Select(NearSetting).OfType<string>(),
        .. from file in new[] { AppContext.BaseDirectory, Environment.CurrentDirectory }
               .Select(static folder => Path.GetFullPath(Path.Combine(folder, "appsettings.json"))).Distinct()
           from setting in new ConfigurationBuilder().AddJsonFile(file, optional: true).Build().AsEnumerable()
           where setting.Value is not null && !IsOwn(setting.Key)
           orderby setting.Key
           select Unknown($"{file}: {setting.Key}", setting.Key),
    ];

    /// <summary>
    /// A sentence for a variable without our prefix that is nearly one of ours, such as STORE_PASWORD or Store__Pathh.
    /// Only names that begin as ours do: HTTP_PROXY and many others belong to other programs.
    /// </summary>
    private static string? NearSetting(string name)
    {
        var key = name.Replace("__", ":", StringComparison.Ordinal);
        if (IsOwn(key) || DtmNames.ContainsKey(name) || name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var near = OwnWords.Any(word => name.StartsWith(word, StringComparison.Ordinal))
            ? Nearest.To(name, DtmNames.Keys)
            : key.Contains(':', StringComparison.Ordinal)
                && AllKeys.Any(own => own.StartsWith($"{key.Split(':')[0]}:", StringComparison.OrdinalIgnoreCase))
                ? Nearest.To(key, AllKeys)?.Replace(":", "__", StringComparison.Ordinal)
                : null;
        return near is null
            ? null
            : $"environment: {name} is not a setting. Did you mean {near}? --help lists the settings.";
    }

    /// <summary>First words of DTM's names that other programs hardly use.</summary>
    private static readonly string[] OwnWords =
    [
        "STORE_", "RETRY_", "TIMEOUT_TO_", "TRANS_CRON_", "ALERT_", "REQUEST_",
    ];

    /// <summary>An environment variable is known by its own form of the name.</summary>
    private static string Unknown(string what, string key)
    {
        var isVariable = what.StartsWith("environment", StringComparison.Ordinal);
        var near = Nearest.To(key, AllKeys);
        var hint = near is null ? ""
            : isVariable ? $" Did you mean {Prefix}{near.Replace(":", "__", StringComparison.Ordinal)}?"
            : $" Did you mean {near}?";
        return $"{what} is not a setting.{hint} --help lists the settings.";
    }

    private const string Prefix = "ORLEANSDTM_";

    /// <summary>What Kubernetes and Docker links set in pods for a Service with the name orleansdtm.</summary>
    [GeneratedRegex(
        @"^ORLEANSDTM_(\w+_)?(SERVICE_HOST=|SERVICE_PORT(_\w+)?=|PORT=\w+://|PORT_\d+_(TCP|UDP)(_\w+)?=)",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex ServiceLink();
}

/// <param name="Key">Its name.</param>
/// <param name="Value">The given value; null = it has its default.</param>
/// <param name="Source">The source of the value; null = it has its default.</param>
internal sealed record GivenSetting(string Key, string? Value, string? Source);

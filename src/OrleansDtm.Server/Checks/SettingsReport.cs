using System.Collections;
using System.Globalization;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Hosting;

namespace OrleansDtm.Server.Checks;

/// <summary>The effective settings, one a line: name, value, source.</summary>
internal static class SettingsReport
{
    /// <summary>The source of a setting that is not given.</summary>
    private const string Default = "default";

    /// <summary>The source of settings that a program sets, which reads no files.</summary>
    private const string Code = "code";

    /// <summary>Without secrets.</summary>
    /// <param name="options">As read; null = they are invalid, and only the given values are shown.</param>
    public static IReadOnlyList<ShownSetting> Rows(IReadOnlyList<GivenSetting> given, CoordinatorOptions? options) =>
    [
        .. given
            .Where(static s => s.Value is not null || !char.IsAsciiDigit(s.Key[^1]))
            .Select(s => new ShownSetting(
                s.Key, Shown(s, options), s.Value is null ? Default : s.Source ?? "")),
    ];

    /// <summary>Those that a program sets. Lists are not shown.</summary>
    public static IReadOnlyList<ShownSetting> Rows(CoordinatorOptions options)
    {
        var defaults = new CoordinatorOptions();
        return
        [
            .. from key in SettingsLoader.Keys
               let value = Shown(new GivenSetting(key, null, null), options)
               let isDefault = Effective(key, options) == Effective(key, defaults)
               select new ShownSetting(key, value, isDefault ? Default : Code),
        ];
    }

    /// <param name="options">As read; null = they are invalid, and only the given values are shown.</param>
    public static IEnumerable<string> Lines(IReadOnlyList<GivenSetting> given, CoordinatorOptions? options)
    {
        var rows = Rows(given, options);
        var (key, value) = (rows.Max(static r => r.Key.Length), Math.Min(40, rows.Max(static r => r.Value.Length)));
        return rows.Select(r => $"  {r.Key.PadRight(key)}  {r.Value.PadRight(value)}  {r.Source}");
    }

    private static string Shown(GivenSetting setting, CoordinatorOptions? options)
    {
        var text = setting.Value ?? (options is null ? "" : Effective(setting.Key, options));
        return text.Length == 0
            ? ShownSetting.None
            : IsConnectionString(setting.Key, options)
            ? SecretNames.MaskConnectionString(text)
            : IsPath(setting.Key)
            ? text
            : setting.Key.Equals("AlertWebHook", StringComparison.OrdinalIgnoreCase)
            ? SecretNames.MaskWebHook(text)
            : SecretNames.IsSecret(setting.Key.Split(':')[^1]) || setting.Key.Split(':').Any(SecretNames.IsSecret)
            ? SecretNames.Mask
            : SecretNames.MaskUrl(text).ReplaceLineEndings(" ");
    }

    /// <summary>The value names a file with the secret.</summary>
    private static bool IsPath(string key) =>
        key is "Grpc:TlsCertificate" or "Grpc:TlsKey" or "Store:Path"
        || key.EndsWith("File", StringComparison.OrdinalIgnoreCase);

    private static bool IsConnectionString(string key, CoordinatorOptions? options) =>
        key.EndsWith("ConnectionString", StringComparison.OrdinalIgnoreCase)
        || (key.StartsWith("Store:Shards", StringComparison.OrdinalIgnoreCase)
            && (options is null || !StoreFactory.Driver(options.Store).IsFile));

    /// <summary>The option with the setting's name; empty = not shown.</summary>
    private static string Effective(string key, CoordinatorOptions options)
    {
        object? found = options;
        foreach (var name in key.Split(':'))
        {
            found = found?.GetType().GetProperty(name)?.GetValue(found);
        }

        return found switch
        {
            null => "",
            TimeSpan time when key == "Store:ConnMaxLifeTime" => time.TotalMinutes.ToString(
                CultureInfo.InvariantCulture),
            TimeSpan time => time.TotalSeconds.ToString(CultureInfo.InvariantCulture),
            LogLevel.Information => "info",
            string text => text,
            bool yes => yes ? "true" : "false",
            IEnumerable => "",
            IFormattable value => value.ToString(null, CultureInfo.InvariantCulture),
            _ => found.ToString() ?? "",
        };
    }
}

/// <summary>A setting as it is shown.</summary>
/// <param name="Key">Its name.</param>
/// <param name="Value">Without secrets; <see cref="None"/> = none.</param>
/// <param name="Source">Where the value comes from: a file, environment, command line, or default.</param>
internal sealed record ShownSetting(string Key, string Value, string Source)
{
    public const string None = "-";
}

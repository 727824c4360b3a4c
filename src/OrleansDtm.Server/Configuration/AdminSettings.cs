using System.Text.RegularExpressions;

namespace OrleansDtm.Server.Configuration;

/// <summary>The admin page.</summary>
public sealed record AdminOptions
{
    /// <summary>Whether the page is served. Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>
    /// Path of the page: <c>/</c> (default), or a path such as <c>/dtm-admin</c> without a slash at the end.
    /// </summary>
    public string BasePath { get; init; } = "/";
}

/// <summary>Reads the settings below Admin.</summary>
internal static partial class AdminSettings
{
    private const string BasePath = "Admin:BasePath";

    public static AdminOptions Read(SettingsReader read, AdminOptions defaults)
    {
        var path = read.Text(BasePath, defaults.BasePath);
        if (!Allowed().IsMatch(path) || Taken().IsMatch(path))
        {
            read.Problem(
                BasePath,
                path,
                "a path such as / or /dtm-admin, of letters, digits and -._~, that is not below /api, /health or /ui");
            path = defaults.BasePath;
        }

        return new AdminOptions
        {
            Enabled = read.Choice("Admin:Enabled", defaults.Enabled ? "true" : "false", "true", "false") == "true",
            BasePath = path.Length > 1 ? path.TrimEnd('/') : path,
        };
    }

    [GeneratedRegex(
        @"\A/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?)?\z",
        RegexOptions.CultureInvariant,
        1000)]
    private static partial Regex Allowed();

    [GeneratedRegex(@"\A/(?:api|health|ui)(?:/|\z)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Taken();
}

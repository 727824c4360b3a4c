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

    /// <summary>
    /// URL of a trace, with <c>{traceid}</c> in place of its 32 hexadecimal digits, such as
    /// <c>https://jaeger.example/trace/{traceid}</c>. Empty (default) = the page shows the id without a link.
    /// </summary>
    public string TraceUrl { get; init; } = "";
}

/// <summary>Reads the settings below Admin.</summary>
internal static partial class AdminSettings
{
    /// <summary>Is replaced in <see cref="AdminOptions.TraceUrl"/>.</summary>
    public const string TraceId = "{traceid}";

    private const string BasePath = "Admin:BasePath";
    private const string TraceUrl = "Admin:TraceUrl";

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

        var trace = read.Text(TraceUrl, defaults.TraceUrl);
        if (trace.Length > 0 && !IsTraceUrl(trace))
        {
            read.Problem(
                TraceUrl,
                trace,
                "an absolute http(s) URL with {traceid}, such as https://jaeger.example/trace/{traceid}");
            trace = defaults.TraceUrl;
        }

        return new AdminOptions
        {
            Enabled = read.Choice("Admin:Enabled", defaults.Enabled ? "true" : "false", "true", "false") == "true",
            BasePath = path.Length > 1 ? path.TrimEnd('/') : path,
            TraceUrl = trace,
        };
    }

    /// <summary>Only http and https: the page makes a link of it.</summary>
    private static bool IsTraceUrl(string text) =>
        text.Contains(TraceId, StringComparison.Ordinal)
        && Uri.TryCreate(
            text.Replace(TraceId, new string('0', 32), StringComparison.Ordinal), UriKind.Absolute, out var url)
        && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps);

    [GeneratedRegex(
        @"\A/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?)?\z",
        RegexOptions.CultureInvariant,
        1000)]
    private static partial Regex Allowed();

    [GeneratedRegex(@"\A/(?:api|health|ui)(?:/|\z)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Taken();
}

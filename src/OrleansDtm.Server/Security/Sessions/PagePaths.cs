namespace OrleansDtm.Server.Security.Sessions;

/// <summary>Where the admin page lives.</summary>
/// <param name="basePath">As configured: <c>/</c>, or <c>/dtm</c>.</param>
internal sealed class PagePaths(string basePath)
{
    private readonly PathString _ui = new(basePath.TrimEnd('/') + "/ui");
    private readonly PathString _data = new(basePath.TrimEnd('/') + "/ui/api");

    /// <summary>The path of cookies: other programs behind the same name are not sent them.</summary>
    public string Cookie { get; } = basePath.TrimEnd('/') is { Length: > 0 } path ? path : "/";

    public string Session { get; } = basePath.TrimEnd('/') + "/ui/session";

    /// <summary>Sign-in, data, assets.</summary>
    public bool IsUi(PathString path) => path.StartsWithSegments(_ui, StringComparison.OrdinalIgnoreCase);

    /// <summary>The API of the page.</summary>
    public bool IsData(PathString path) => path.StartsWithSegments(_data, StringComparison.OrdinalIgnoreCase);

    /// <summary>What no API and no probe serves is the page, or nothing.</summary>
    public static bool MayBePage(PathString path) =>
        !path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase) && !path.StartsWithSegments("/health", StringComparison.OrdinalIgnoreCase);
}

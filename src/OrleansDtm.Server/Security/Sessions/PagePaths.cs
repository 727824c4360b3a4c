namespace OrleansDtm.Server.Security.Sessions;

/// <summary>Paths of the admin page.</summary>
/// <param name="basePath">The base path: <c>/</c>, or <c>/dtm</c>.</param>
internal sealed class PagePaths(string basePath)
{
    private readonly PathString _ui = new(basePath.TrimEnd('/') + "/ui");
    private readonly PathString _data = new(basePath.TrimEnd('/') + "/ui/api");

    /// <summary>The path of cookies, so that other programs on the same host do not receive them.</summary>
    public string Cookie { get; } = basePath.TrimEnd('/') is { Length: > 0 } path ? path : "/";

    public string Page { get; } = basePath.TrimEnd('/') + "/";

    public string Session { get; } = basePath.TrimEnd('/') + "/ui/session";

    /// <summary>What the sign-in form offers.</summary>
    public string SignInWays { get; } = basePath.TrimEnd('/') + "/ui/sign-in";

    /// <summary>Starts a sign-in at the issuer.</summary>
    public string OidcSignIn { get; } = basePath.TrimEnd('/') + "/ui/oidc/sign-in";

    /// <summary>The issuer sends the browser back to it.</summary>
    public string OidcCallback { get; } = basePath.TrimEnd('/') + "/ui/oidc/callback";

    /// <summary>Sign-in, data, assets.</summary>
    public bool IsUi(PathString path) => path.StartsWithSegments(_ui, StringComparison.OrdinalIgnoreCase);

    /// <summary>The API of the page.</summary>
    public bool IsData(PathString path) => path.StartsWithSegments(_data, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a path is not an API or a probe: it is the page, or 404.</summary>
    public static bool MayBePage(PathString path) =>
        !path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase)
        && !path.StartsWithSegments("/health", StringComparison.OrdinalIgnoreCase);
}

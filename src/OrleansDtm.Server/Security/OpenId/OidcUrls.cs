using OrleansDtm.Invokers;

namespace OrleansDtm.Server.Security.OpenId;

/// <summary>Why a sign-in at the issuer failed; words of the page's URL.</summary>
internal static class OidcProblem
{
    /// <summary>The issuer cannot be reached.</summary>
    public const string Away = "away";

    /// <summary>The user has none of the roles.</summary>
    public const string NoRole = "no-role";

    /// <summary>The user or the issuer has refused.</summary>
    public const string Denied = "denied";

    /// <summary>Any other.</summary>
    public const string Failed = "failed";
}

/// <summary>URLs of a sign-in at the issuer.</summary>
internal static class OidcUrls
{
    /// <summary>The page, relative to the paths below ui/oidc: a proxy may have changed the path.</summary>
    /// <param name="problem">Shown by the page; null = none.</param>
    public static string Page(string? problem = null) => problem is null ? "../../" : $"../../#/?sign-in={problem}";

    /// <summary>
    /// The URL by which the browser knows a path. A false header only leads to an address that the issuer does not
    /// allow for this client.
    /// </summary>
    public static string Public(HttpRequest request, string path)
    {
        var headers = request.Headers;
        var scheme = request.IsHttps || headers["X-Forwarded-Proto"] == "https" ? "https" : "http";
        var host = headers["X-Forwarded-Host"] is [{ Length: > 0 } forwarded] && HostHeader.Parse(forwarded) is not null
            ? forwarded
            : request.Host.ToUriComponent();
        var prefix = headers["X-Forwarded-Prefix"] is [{ Length: > 1 } given] && given[0] == '/'
            ? new PathString(given.TrimEnd('/')).ToUriComponent()
            : "";
        return $"{scheme}://{host}{prefix}{request.PathBase.ToUriComponent()}{path}";
    }
}

using System.Net;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Security.Sessions;

/// <summary>
/// Protects against cross-site requests from a browser that can reach this server. Clients that are not browsers are
/// not affected.
/// </summary>
internal sealed class BrowserGuard
{
    public const string NotOurPage =
        $"a change with a session cookie needs the header {SessionCookie.CsrfHeader}, and must come from this server's page";

    private const string ContentSecurityPolicy =
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    private readonly RequestDelegate _next;
    private readonly PagePaths _page;
    private readonly bool _isOn;
    private readonly bool _localNamesOnly;

    public BrowserGuard(RequestDelegate next, PagePaths page, CoordinatorOptions options)
    {
        (_next, _page, _isOn) = (next, page, options.Security.IsOn);
        _localNamesOnly = options.Security is { IsOn: false, AllowAnonymous: false };
    }

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (AccessAnswers.IsGrpcMethod(context))
        {
            return _next(context); // Browsers cannot call these.
        }

        // DNS rebinding: a foreign page's own name can resolve to this machine.
        if (_localNamesOnly && !IsLocalName(request.Host.Host))
        {
            return AccessAnswers.Forbidden(
                context, "without authentication this server accepts only localhost and IP addresses as host; Security:AllowAnonymous=true allows any name");
        }

        // Some of DTM's requests change state by GET, which an image of any page can send without an Origin.
        if (!_isOn && (request.Headers.Origin.Count > 0 || IsMoreThanReading(context)) && IsForeign(request))
        {
            return AccessAnswers.Forbidden(context, "requests from pages of other sites are refused");
        }

        if (!PagePaths.MayBePage(request.Path))
        {
            return _next(context);
        }

        AddHeaders(context.Response.Headers);
        return _page.IsUi(request.Path) && !AccessControl.IsReading(request) && !MayChange(request)
            ? AccessAnswers.Forbidden(context, NotOurPage)
            : _next(context);
    }

    /// <summary>The request has the CSRF token of its cookie and is not cross-site.</summary>
    public static bool IsOurPage(HttpRequest request) => !IsForeign(request) && SessionCookie.HasCsrfToken(request);

    /// <summary>The browser declares the request as cross-site. Other clients do not send these headers.</summary>
    public static bool IsForeign(HttpRequest request)
    {
        if (request.Headers["Sec-Fetch-Site"] is [{ Length: > 0 } site])
        {
            return site is not ("same-origin" or "none");
        }

        if (request.Headers.Origin is not [{ Length: > 0 } origin])
        {
            return request.Headers.Origin.Count > 1;
        }

        // Behind a proxy with another name; other sites' pages cannot send this header without a preflight.
        var host = request.Headers["X-Forwarded-Host"] is [{ Length: > 0 } forwarded] ? forwarded : request.Host.Value;
        return !(Uri.TryCreate(origin, UriKind.Absolute, out var uri) && string.Equals(uri.Authority, host, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>A sign-in needs no CSRF token, and neither does a script that sends a key.</summary>
    private bool MayChange(HttpRequest request)
    {
        var signsIn = HttpMethods.IsPost(request.Method) && request.Path.Equals(_page.Session, StringComparison.OrdinalIgnoreCase);
        return signsIn || (_isOn && !request.Cookies.ContainsKey(SessionCookie.Name)) ? !IsForeign(request) : IsOurPage(request);
    }

    private static bool IsMoreThanReading(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<RoleRequirement>() is { Role.Length: > 0, Needed: > Role.Read };

    private static bool IsLocalName(string host) =>
        host.Length == 0
        || host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || IPAddress.TryParse(host, out _);

    private static void AddHeaders(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.XFrameOptions = "DENY";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
    }
}

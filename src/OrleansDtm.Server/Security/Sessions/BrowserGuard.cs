using System.Net;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Security.Sessions;

/// <summary>
/// Keeps pages of other sites, which may make the browser of somebody who can reach us send requests, from having anything done. What is
/// no browser does not notice it.
/// </summary>
internal sealed class BrowserGuard
{
    public const string NotOurPage =
        $"a request with the cookie of a session that changes something needs the header {SessionCookie.CsrfHeader}, and must come from this server's page";

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
            return _next(context); // No browser can call those.
        }

        // A name of their own that leads to this machine makes a foreign page look like ours.
        if (_localNamesOnly && !IsLocalName(request.Host.Host))
        {
            return AccessAnswers.Forbidden(
                context, "without security this server answers to localhost and addresses only; Security:AllowAnonymous=true lets it answer to any name");
        }

        // Some of DTM's requests change something by GET, which an image of any page can send, and without an Origin.
        if (!_isOn && (request.Headers.Origin.Count > 0 || IsMoreThanReading(context)) && IsForeign(request))
        {
            return AccessAnswers.Forbidden(context, "a page of another site may not ask this server for anything");
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

    /// <summary>It carries the token of its cookie and does not come from elsewhere.</summary>
    public static bool IsOurPage(HttpRequest request) => !IsForeign(request) && SessionCookie.HasCsrfToken(request);

    /// <summary>A browser says that the page of another site has it sent. Others than browsers say nothing of the kind.</summary>
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

        // Behind a proxy that has another name; no page can have this header sent without asking first.
        var host = request.Headers["X-Forwarded-Host"] is [{ Length: > 0 } forwarded] ? forwarded : request.Host.Value;
        return !(Uri.TryCreate(origin, UriKind.Absolute, out var uri) && string.Equals(uri.Authority, host, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Signing in needs no token yet; a script that shows a key by itself needs none at all.</summary>
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

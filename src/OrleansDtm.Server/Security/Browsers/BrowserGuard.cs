using OrleansDtm.Invokers;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Sessions;

namespace OrleansDtm.Server.Security.Browsers;

/// <summary>
/// Protects against cross-site requests and DNS rebinding from a browser that can reach this server. Clients that are
/// not browsers are not affected.
/// </summary>
internal sealed class BrowserGuard
{
    public const string NotOurPage =
        $"a change with a session cookie needs the header {SessionCookie.CsrfHeader}, and "
        + "must come from this server's page";

    private const string ContentSecurityPolicy =
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        + "frame-ancestors 'none'";

    private readonly RequestDelegate _next;
    private readonly PagePaths _page;
    private readonly HostNames _hosts;
    private readonly bool _isOn;
    private readonly bool _deniesChangesByGet;

    public BrowserGuard(RequestDelegate next, PagePaths page, CoordinatorOptions options)
    {
        (_next, _page, _hosts) = (next, page, new HostNames(options));
        (_isOn, _deniesChangesByGet) = (options.Security.IsOn, options.Security.DenyStateChangingGet);
    }

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (AccessAnswers.IsGrpcMethod(context))
        {
            return _next(context); // Browsers cannot call these.
        }

        if (FindRefusal(context) is { } refusal)
        {
            return refusal;
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

    private Task? FindRefusal(HttpContext context)
    {
        var request = context.Request;
        var host = request.Headers.Host.ToString();
        switch (_hosts.Judge(host))
        {
            case HostKind.Invalid:
                return AccessAnswers.Invalid(context, "Host: the header is not a host name or address");
            case HostKind.Other when BrowserRequest.Is(request):
                return AccessAnswers.Forbidden(
                    context,
                    $"Host: browsers may not use this server under the name '{HostHeader.Parse(host)?.Name}'. Add the "
                    + "name to the setting Hosts, or use localhost or an IP address");
        }

        var changesByGet = ChangesByGet.Is(context);
        if (changesByGet && _deniesChangesByGet)
        {
            return AccessAnswers.UsePost(
                context,
                "GET may not change state here (Security:DenyStateChangingGet); send the same request with POST");
        }

        // With security on, these requests need a key, or the session's CSRF token.
        if (_isOn)
        {
            return null;
        }

        if (changesByGet && BrowserRequest.Is(request) && !IsOurPage(request))
        {
            return AccessAnswers.Forbidden(
                context, "a browser may not change state by GET; send the same request with POST");
        }

        return (request.Headers.Origin.Count > 0 || IsMoreThanReading(context)) && IsForeign(request)
            ? AccessAnswers.Forbidden(context, "requests from pages of other sites are refused")
            : null;
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
        return !(Uri.TryCreate(origin, UriKind.Absolute, out var uri)
            && string.Equals(uri.Authority, host, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>A sign-in needs no CSRF token, and neither does a script that sends a key.</summary>
    private bool MayChange(HttpRequest request)
    {
        var signsIn = HttpMethods.IsPost(request.Method)
            && request.Path.Equals(_page.Session, StringComparison.OrdinalIgnoreCase);
        return signsIn || (_isOn && !request.Cookies.ContainsKey(SessionCookie.Name))
            ? !IsForeign(request)
            : IsOurPage(request);
    }

    private static bool IsMoreThanReading(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<RoleRequirement>() is { Role.Length: > 0, Needed: > Role.Read };

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

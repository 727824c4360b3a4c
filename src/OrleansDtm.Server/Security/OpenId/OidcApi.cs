using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.OpenApi;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Sessions;

namespace OrleansDtm.Server.Security.OpenId;

/// <summary>
/// The page's part of a sign-in at the issuer. ASP.NET Core handles <see cref="PagePaths.OidcCallback"/>.
/// </summary>
internal sealed class OidcApi(CoordinatorOptions options, PagePaths page, OidcIssuer? issuer = null)
{
    private readonly OidcOptions _options = options.Security.Oidc;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var api = routes.ServiceProvider.GetRequiredService<OidcApi>();
        var page = routes.ServiceProvider.GetRequiredService<PagePaths>();
        const string why = "The sign-in of the page.";
        routes.MapGet(page.SignInWays, (RequestDelegate)api.ShowWays).OpenToAll().LeaveUndescribed(why);
        if (api._options.IsOn)
        {
            routes.MapGet(page.OidcSignIn, (RequestDelegate)SignIn).OpenToAll().LeaveUndescribed(why);
        }
    }

    /// <summary>The issuer's URL that ends the user's session there; null = it has none, or does not respond.</summary>
    public async Task<string?> SignOutUrl(HttpContext context)
    {
        try
        {
            var found = issuer is null ? null : await issuer.GetConfigurationAsync(context.RequestAborted);
            return string.IsNullOrEmpty(found?.EndSessionEndpoint) ? null : new OpenIdConnectMessage
            {
                EnableTelemetryParameters = false,
                IssuerAddress = found.EndSessionEndpoint,
                ClientId = _options.ClientId,
                PostLogoutRedirectUri = OidcUrls.Public(context.Request, page.Page),
            }.CreateLogoutRequestUrl();
        }
        catch (IssuerAwayException)
        {
            return null; // It is logged. Our session has ended.
        }
    }

    /// <summary>Sends the browser to the issuer.</summary>
    private static async Task SignIn(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        try
        {
            await context.ChallengeAsync(Schemes.Oidc, new AuthenticationProperties { RedirectUri = OidcUrls.Page() });
        }
        catch (Exception e) when (e is IssuerAwayException or HttpRequestException)
        {
            context.Response.Redirect(OidcUrls.Page(OidcProblem.Away));
        }
    }

    /// <summary>What the sign-in form offers beside the key.</summary>
    private async Task ShowWays(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        context.Response.ContentType = "application/json; charset=utf-8";
        var json = new Utf8JsonWriter(context.Response.BodyWriter);
        await using (json)
        {
            json.WriteStartObject();
            if (_options.IsOn)
            {
                json.WriteString("issuer", _options.Name is { Length: > 0 } name
                    ? name
                    : new Uri(_options.Authority).Host);
            }

            json.WriteEndObject();
        }
    }
}

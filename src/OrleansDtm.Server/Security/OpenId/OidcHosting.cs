using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Sessions;
using OrleansDtm.Server.Security.Tokens;

namespace OrleansDtm.Server.Security.OpenId;

/// <summary>Adds the sign-in at an issuer: ASP.NET Core's authorization code flow with PKCE.</summary>
internal static class OidcHosting
{
    /// <summary>A sign-in that takes longer is started again.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    public static void AddOidc(this AuthenticationBuilder schemes, OidcOptions options, PagePaths page)
    {
        var services = schemes.Services;
        services.AddSingleton<OidcIssuer>();
        services.AddSingleton<OidcRoles>();
        services.AddSingleton<OidcSecret>();
        services.AddSingleton<OidcEvents>();
        schemes.AddOpenIdConnect(Schemes.Oidc, oidc => Configure(oidc, options, page));
        services.AddOptions<OpenIdConnectOptions>(Schemes.Oidc).Configure<OidcIssuer>(
            static (oidc, issuer) => oidc.ConfigurationManager = issuer);
    }

    private static void Configure(OpenIdConnectOptions oidc, OidcOptions options, PagePaths page)
    {
        oidc.SignInScheme = Schemes.Session;
        oidc.EventsType = typeof(OidcEvents);
        oidc.ClientId = options.ClientId;
        oidc.ResponseType = OpenIdConnectResponseType.Code;

        // A POST from the issuer's page would need cookies with SameSite=None, and looks like an attack.
        oidc.ResponseMode = OpenIdConnectResponseMode.Query;
        oidc.UsePkce = true;
        oidc.RequireHttpsMetadata = options.RequireHttps;
        oidc.CallbackPath = page.OidcCallback;
        (oidc.RemoteSignOutPath, oidc.SignedOutCallbackPath) = (default, default);
        oidc.Scope.Clear();
        foreach (var scope in options.Scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            oidc.Scope.Add(scope);
        }

        // Sent along when the issuer's page redirects to ours, so not Strict.
        oidc.CorrelationCookie = new PageCookie(page, "orleansdtm-correlation.", SameSiteMode.Lax)
        {
            Expiration = Patience,
        };
        oidc.NonceCookie = new PageCookie(page, "orleansdtm-nonce.", SameSiteMode.Lax) { Expiration = Patience };
        oidc.RemoteAuthenticationTimeout = oidc.ProtocolValidator.NonceLifetime = Patience;
        oidc.BackchannelTimeout = TimeSpan.FromSeconds(5);
        oidc.MapInboundClaims = false;
        oidc.DisableTelemetry = true;
        oidc.TokenValidationParameters.ValidAlgorithms = TokenCheck.Algorithms;
        oidc.TokenValidationParameters.ClockSkew = TokenCheck.ClockSkew;
    }
}

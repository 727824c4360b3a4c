using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Tokens;

namespace OrleansDtm.Server.Security.OpenId;

/// <summary>
/// The endpoints and keys of the issuer of sign-ins. Fetched for each step of a sign-in, at most once a second: new
/// keys are known at once, and a user is never sent to an issuer that is down.
/// </summary>
internal sealed class OidcIssuer : IConfigurationManager<OpenIdConnectConfiguration>, IDisposable
{
    private readonly IssuerKeys _keys;
    private readonly bool _requiresHttps;

    public OidcIssuer(CoordinatorOptions options, TimeProvider clock, ILogger<OidcIssuer> log)
    {
        _requiresHttps = options.Security.Oidc.RequireHttps;
        _keys = new IssuerKeys(
            IssuerKeys.Discovery(options.Security.Oidc.Authority),
            new OpenIdConnectConfigurationRetriever(),
            clock,
            log,
            static (log, place, problem) => log.SignInIssuerIsAway(place, problem));
    }

    /// <exception cref="IssuerAwayException">They cannot be fetched.</exception>
    public async Task<OpenIdConnectConfiguration> GetConfigurationAsync(CancellationToken cancel)
    {
        var keys = await _keys.Renew(cancel) ?? throw new IssuerAwayException("the issuer does not respond");
        var found = await keys.Keys.GetConfigurationAsync(cancel);
        return IsSafe(found.AuthorizationEndpoint)
            && IsSafe(found.TokenEndpoint)
            && (string.IsNullOrEmpty(found.EndSessionEndpoint) || IsSafe(found.EndSessionEndpoint))
                ? found
                : throw new IssuerAwayException("the issuer's endpoints are missing or not https");
    }

    /// <summary>Not needed: see the class.</summary>
    public void RequestRefresh()
    {
    }

    public void Dispose() => _keys.Dispose();

    private bool IsSafe(string? url) => Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && !_requiresHttps));
}

/// <summary>The issuer cannot be asked.</summary>
internal sealed class IssuerAwayException(string message) : Exception(message);

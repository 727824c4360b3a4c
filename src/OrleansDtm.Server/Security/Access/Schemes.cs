namespace OrleansDtm.Server.Security.Access;

/// <summary>Names of the authentication schemes.</summary>
internal static class Schemes
{
    /// <summary>Forwards to the scheme of what the request presents.</summary>
    public const string Any = "OrleansDtm";

    public const string ApiKey = "ApiKey";
    public const string Token = "Bearer";
    public const string Session = "Session";

    /// <summary>Sign-in at an issuer, which makes a session.</summary>
    public const string Oidc = "OpenIdConnect";

    /// <summary>A header decides before the cookie, which browsers send by themselves.</summary>
    /// <param name="request">The request.</param>
    /// <param name="tokens">Tokens are accepted.</param>
    /// <param name="cookie">Name of the session cookie.</param>
    public static string Select(HttpRequest request, bool tokens, string cookie)
    {
        var proof = Proof.Of(request);
        return proof.Text is { } text ? tokens && Proof.IsToken(text) ? Token : ApiKey
            : !proof.IsUnreadable && request.Cookies[cookie] is { Length: > 0 } ? Session
            : ApiKey;
    }
}

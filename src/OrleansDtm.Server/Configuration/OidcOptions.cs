using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Configuration;

/// <summary>Sign-in to the admin page at an OpenID Connect issuer.</summary>
public sealed record OidcOptions
{
    /// <summary>URL of the issuer. Empty (default) = off.</summary>
    public string Authority { get; init; } = "";

    /// <summary>Id of this server at the issuer.</summary>
    public string ClientId { get; init; } = "";

    /// <summary>Secret of this client. Empty (default) = a public client, which has PKCE only.</summary>
    public string ClientSecret { get; init; } = "";

    /// <summary>Instead of <see cref="ClientSecret"/>: a file with it; read again when it changes.</summary>
    public string ClientSecretFile { get; init; } = "";

    /// <summary>Requested scopes, separated by spaces. Default <c>openid profile</c>.</summary>
    public string Scopes { get; init; } = "openid profile";

    /// <summary>The claim of the id token with the roles: a string, a list, or words in a string.</summary>
    public string RoleClaim { get; init; } = "roles";

    /// <summary>
    /// The claim of the id token with the namespaces: one binds the user to it, several may be named, <c>*</c> allows
    /// all. Empty (default), or without the claim: the default one, and all for administrators.
    /// </summary>
    public string NamespaceClaim { get; init; } = "";

    /// <summary>The claim with the name that the page and logs show; without it <c>sub</c>.</summary>
    public string NameClaim { get; init; } = "preferred_username";

    /// <summary>The issuer's name on the sign-in page. Empty (default) = the authority's host.</summary>
    public string Name { get; init; } = "";

    /// <summary>Whether the issuer must use https. Default true; false is for tests.</summary>
    public bool RequireHttps { get; init; } = true;

    /// <summary>
    /// Role of each value of the claim. Empty (default) = the values are read, submit and admin themselves.
    /// </summary>
    internal IReadOnlyList<KeyValuePair<string, Role>> Roles { get; init; } = [];

    public bool IsOn => Authority.Length > 0;

    /// <summary>Without the secret.</summary>
    public override string ToString() => $"{nameof(OidcOptions)} {Authority} {ClientId}";
}

using OrleansDtm.Server.Security.Keys;

namespace OrleansDtm.Server.Security.Access;

/// <summary>The authenticated caller of a request; a feature of the request. Not set when security is off.</summary>
/// <param name="Name">Name of the API key, or subject of the token.</param>
/// <param name="Role">The highest role.</param>
/// <param name="Key">The API key; null = a token.</param>
/// <param name="ByCookie">Authenticated by cookie, which browsers also send with cross-site requests.</param>
internal sealed record Caller(string Name, Role Role, ApiKey? Key = null, bool ByCookie = false)
{
    private readonly NamespaceGrant? _grant;

    /// <summary>The namespaces that the caller may use; of a key, those of its line.</summary>
    public NamespaceGrant Grant
    {
        get => _grant ?? Key?.Grant ?? NamespaceGrant.None;
        init => _grant = value;
    }

    /// <summary>Whether the caller has a role; always true when security is off.</summary>
    public static bool Has(HttpContext context, Role role) =>
        context.Features.Get<Caller>() is not { } caller || caller.Role >= role;
}

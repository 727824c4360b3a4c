using OrleansDtm.Server.Security.Keys;

namespace OrleansDtm.Server.Security.Access;

/// <summary>Who makes a request, once that is known; a feature of the request. None is set when security is off.</summary>
/// <param name="Name">Of the API key, or the subject of the token.</param>
/// <param name="Role">The highest it has.</param>
/// <param name="Key">The API key; null = a token.</param>
/// <param name="ByCookie">The browser sends its proof by itself, so other sites can have it sent.</param>
internal sealed record Caller(string Name, Role Role, ApiKey? Key = null, bool ByCookie = false)
{
    /// <summary>Whether the caller of this request has a role; everybody has each when security is off.</summary>
    public static bool Has(HttpContext context, Role role) => context.Features.Get<Caller>() is not { } caller || caller.Role >= role;
}

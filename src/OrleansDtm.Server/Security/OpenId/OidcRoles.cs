using System.Security.Claims;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Tokens;

namespace OrleansDtm.Server.Security.OpenId;

/// <summary>Reads name and role of a user from the claims of the id token.</summary>
internal sealed class OidcRoles(CoordinatorOptions options)
{
    private readonly OidcOptions _options = options.Security.Oidc;

    public Caller CallerOf(ClaimsPrincipal user)
    {
        var name = new[] { _options.NameClaim, "sub" }
            .Select(claim => user.FindFirst(claim)?.Value)
            .FirstOrDefault(static value => !string.IsNullOrWhiteSpace(value)) ?? "";
        name = string.Concat(name.Where(static c => !char.IsControl(c)));
        var grant = TokenCheck.GrantOf((ClaimsIdentity)user.Identity!, _options.NamespaceClaim);
        return new Caller(name.Length > 64 ? name[..64] : name, grant is null ? Role.None : RoleOf(user))
        {
            Grant = grant ?? NamespaceGrant.None,
        };
    }

    private Role RoleOf(ClaimsPrincipal user)
    {
        var claims = user.FindAll(_options.RoleClaim);
        if (_options.Roles.Count == 0)
        {
            return TokenCheck.RoleOf(claims);
        }

        // Only the whole value: a part of a group's name is not that group.
        var values = claims.Select(static claim => claim.Value).ToHashSet(StringComparer.Ordinal);
        return _options.Roles.Where(entry => values.Contains(entry.Key)).Select(static entry => entry.Value)
            .DefaultIfEmpty(Role.None)
            .Max();
    }
}

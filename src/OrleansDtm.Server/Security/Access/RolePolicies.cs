using Microsoft.AspNetCore.Authorization;

namespace OrleansDtm.Server.Security.Access;

/// <summary>The authorization policies: one for each role, and one for endpoints that name none.</summary>
internal static class RolePolicies
{
    /// <summary>Does not authenticate: endpoints that are open to all must not wait for an issuer.</summary>
    private static readonly AuthorizationPolicy Open = new AuthorizationPolicyBuilder()
        .RequireAssertion(static _ => true)
        .Build();

    private static readonly AuthorizationPolicy Read = Of(RoleNames.Read);
    private static readonly AuthorizationPolicy Submit = Of(RoleNames.Submit);
    private static readonly AuthorizationPolicy Admin = Of(RoleNames.Admin);

    /// <summary>Gives the endpoint the policy of a role, instead of an earlier one.</summary>
    /// <param name="role">Empty = none is needed.</param>
    public static void Set(EndpointBuilder endpoint, string role)
    {
        foreach (var earlier in endpoint.Metadata.Where(
            static item => item is RoleRequirement or AuthorizationPolicy or IAllowAnonymous).ToList())
        {
            endpoint.Metadata.Remove(earlier);
        }

        var requirement = new RoleRequirement(role);
        endpoint.Metadata.Add(requirement);
        endpoint.Metadata.Add(requirement.Needed switch
        {
            Role.Read => Read,
            Role.Submit => Submit,
            Role.Admin => Admin,
            _ => Open,
        });
        if (requirement.Needed == Role.None)
        {
            endpoint.Metadata.Add(new AllowAnonymousAttribute());
        }
    }

    /// <summary>For endpoints without a role, and for requests without an endpoint.</summary>
    /// <param name="needed">The role that a request needs; null = none.</param>
    public static AuthorizationPolicy Fallback(Func<HttpContext, Role?> needed) =>
        new AuthorizationPolicyBuilder(Schemes.Any)
            .RequireAssertion(context => context.Resource is HttpContext http
                && (needed(http) is not { } role || CallerIdentity.Of(context.User)?.Role >= role))
            .Build();

    /// <summary>An identity has a claim for each role that its own includes.</summary>
    private static AuthorizationPolicy Of(string role) =>
        new AuthorizationPolicyBuilder(Schemes.Any).RequireRole(role).Build();
}

namespace OrleansDtm.Server.Security.Access;

/// <summary>Metadata of an endpoint: the required role.</summary>
/// <param name="Role">One of <see cref="RoleNames"/>; empty = none.</param>
public sealed record RoleRequirement(string Role)
{
    internal Role Needed { get; } = RoleNames.Parse(Role) ?? Access.Role.None;
}

/// <summary>Each role includes the previous ones.</summary>
internal enum Role
{
    /// <summary>Authenticated, without permissions.</summary>
    None,
    Read,
    Submit,
    Admin,
}

/// <summary>The names of roles in settings, tokens and metadata.</summary>
public static class RoleNames
{
    /// <summary>Read transactions and topics.</summary>
    public const string Read = "read";

    /// <summary>Prepare, submit and abort transactions, register branches; includes read.</summary>
    public const string Submit = "submit";

    /// <summary>Stop and retry transactions, change topics; includes submit.</summary>
    public const string Admin = "admin";

    internal static Role? Parse(string name) => name switch
    {
        Read => Role.Read,
        Submit => Role.Submit,
        Admin => Role.Admin,
        _ => null,
    };

    internal static string Of(Role role) => role switch
    {
        Role.Read => Read,
        Role.Submit => Submit,
        Role.Admin => Admin,
        _ => "",
    };

    /// <summary>The role and those that it includes.</summary>
    internal static string[] Included(Role role) => role switch
    {
        Role.Read => [Read],
        Role.Submit => [Read, Submit],
        Role.Admin => [Read, Submit, Admin],
        _ => [],
    };
}

/// <summary>Sets the role of an endpoint. The default is admin below /api and for gRPC.</summary>
public static class RoleRequirementExtensions
{
    /// <param name="builder">One or many endpoints.</param>
    /// <param name="role">One of <see cref="RoleNames"/>.</param>
    /// <exception cref="ArgumentException">The role is unknown.</exception>
    public static TBuilder RequireRole<TBuilder>(this TBuilder builder, string role)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(role);
        if (RoleNames.Parse(role) is null)
        {
            throw new ArgumentException($"'{role}' is not a role.", nameof(role));
        }

        builder.Add(endpoint => RolePolicies.Set(endpoint, role));
        return builder;
    }

    /// <summary>No role is needed.</summary>
    public static TBuilder OpenToAll<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(static endpoint => RolePolicies.Set(endpoint, ""));
        return builder;
    }
}

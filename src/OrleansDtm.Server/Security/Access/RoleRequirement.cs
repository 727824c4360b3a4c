namespace OrleansDtm.Server.Security.Access;

/// <summary>Metadata of an endpoint: what a caller must be allowed to.</summary>
/// <param name="Role">One of <see cref="RoleNames"/>; empty = open to everybody.</param>
public sealed record RoleRequirement(string Role)
{
    internal Role Needed { get; } = RoleNames.Parse(Role) ?? Access.Role.None;
}

/// <summary>Each includes those before it: who may submit may read.</summary>
internal enum Role
{
    /// <summary>Known, and allowed nothing.</summary>
    None,
    Read,
    Submit,
    Admin,
}

/// <summary>The roles as they are written in settings, tokens and metadata.</summary>
public static class RoleNames
{
    /// <summary>Look at transactions and topics.</summary>
    public const string Read = "read";

    /// <summary>Prepare, submit and abort transactions, register branches; includes read.</summary>
    public const string Submit = "submit";

    /// <summary>Stop and wake transactions, change topics; includes submit.</summary>
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

    /// <summary>The role and those it includes.</summary>
    internal static string[] Included(Role role) => role switch
    {
        Role.Read => [Read],
        Role.Submit => [Read, Submit],
        Role.Admin => [Read, Submit, Admin],
        _ => [],
    };
}

/// <summary>Says who may call an endpoint. One of which nothing is said needs the role admin if it is below /api or speaks gRPC.</summary>
public static class RoleRequirementExtensions
{
    /// <param name="builder">Of one endpoint or many.</param>
    /// <param name="role">One of <see cref="RoleNames"/>.</param>
    /// <exception cref="ArgumentException">There is no such role.</exception>
    public static TBuilder RequireRole<TBuilder>(this TBuilder builder, string role)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(role);
        var requirement = RoleNames.Parse(role) is null ? throw new ArgumentException($"'{role}' is no role.", nameof(role)) : new RoleRequirement(role);
        builder.Add(endpoint => endpoint.Metadata.Add(requirement));
        return builder;
    }

    /// <summary>Whoever reaches the port may call it.</summary>
    public static TBuilder OpenToAll<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(static endpoint => endpoint.Metadata.Add(new RoleRequirement("")));
        return builder;
    }
}

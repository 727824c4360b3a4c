namespace OrleansDtm.Server.Security;

/// <summary>Metadata of an endpoint: who calls it must have this role.</summary>
/// <param name="Role"><c>read</c>, <c>submit</c> or <c>admin</c>.</param>
public sealed record RoleRequirement(string Role);

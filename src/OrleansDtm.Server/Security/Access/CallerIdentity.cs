using System.Security.Claims;

namespace OrleansDtm.Server.Security.Access;

/// <summary>The identity of a caller, with its roles as claims.</summary>
internal sealed class CallerIdentity : ClaimsIdentity
{
    public const string NameClaim = "name";
    public const string RoleClaim = "role";

    private CallerIdentity(Caller caller, string scheme)
        : base(scheme, NameClaim, RoleClaim)
    {
        Caller = caller;
        AddClaim(new Claim(NameClaim, caller.Name));
        foreach (var role in RoleNames.Included(caller.Role))
        {
            AddClaim(new Claim(RoleClaim, role));
        }
    }

    public Caller Caller { get; }

    public static ClaimsPrincipal Principal(Caller caller, string scheme) => new(new CallerIdentity(caller, scheme));

    /// <summary>Null = not authenticated.</summary>
    public static Caller? Of(ClaimsPrincipal principal) => (principal.Identity as CallerIdentity)?.Caller;

    public override ClaimsIdentity Clone() => new CallerIdentity(Caller, AuthenticationType!);
}

using Microsoft.AspNetCore.Authentication;
using OrleansDtm.Server.Security.Sessions;

namespace OrleansDtm.Server.Security.Access;

/// <summary>The result of an authentication.</summary>
/// <param name="Caller">Null = not authenticated.</param>
/// <param name="Problem">The reason; shown to the caller.</param>
/// <param name="IsUndecided">The key or token cannot be verified now.</param>
internal readonly record struct Identified(Caller? Caller, string Problem, bool IsUndecided = false)
{
    /// <summary>The token expires then; null = a key, or not authenticated.</summary>
    public DateTimeOffset? Until { get; init; }

    public static Identified No(string problem) => new(null, problem);

    public static Identified NotNow(string problem) => new(null, problem, IsUndecided: true);

    /// <summary>Authenticates by what the request presents, once for each request.</summary>
    public static async Task<Identified> Of(HttpContext context)
    {
        var result = await context.AuthenticateAsync(Schemes.Any);
        return result.Principal is { } principal && CallerIdentity.Of(principal) is { } caller
            ? new Identified(caller, "")
            : result.Failure is NotIdentifiedException failure ? failure.Who
            : context.Features.Get<OpenSession>()?.Who ?? No(Proof.Hint);
    }

    /// <summary>In ASP.NET Core's terms.</summary>
    public AuthenticateResult Result(string scheme) => Caller is null
        ? AuthenticateResult.Fail(new NotIdentifiedException(this))
        : AuthenticateResult.Success(new AuthenticationTicket(CallerIdentity.Principal(Caller, scheme), scheme));

    /// <summary>Carries the result through ASP.NET Core; never thrown.</summary>
    private sealed class NotIdentifiedException(Identified who) : AuthenticationFailureException(who.Problem)
    {
        public Identified Who { get; } = who;
    }
}

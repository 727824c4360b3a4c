using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Security.Sessions;

/// <summary>The scheme of the cookie of a sign-in.</summary>
internal sealed class SessionHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory log, UrlEncoder encoder,
    SessionCookie cookies, EndedSessions ended, ProofCheck proofs)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, log, encoder)
{
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Request.Cookies[SessionCookie.Name] is not { Length: > 0 } cookie || cookies.Open(cookie) is not { } proof)
        {
            return AuthenticateResult.NoResult();
        }

        var who = await proofs.Identify(proof, Context.RequestAborted);
        if (who.Caller is { } caller)
        {
            who = await ended.Contains(cookie, Context.RequestAborted)
                ? Identified.No("the session was ended; sign in again")
                : new Identified(caller with { ByCookie = true }, "");
        }

        return who.Result(Scheme.Name);
    }
}

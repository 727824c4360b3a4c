using Microsoft.AspNetCore.Authentication.Cookies;
using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Security.Sessions;

/// <summary>Checks the session of a cookie that ASP.NET Core has decrypted and that has not expired.</summary>
internal sealed class SessionEvents(SessionCheck check) : CookieAuthenticationEvents
{
    public override async Task ValidatePrincipal(CookieValidatePrincipalContext context)
    {
        if (Session.Read(context.Principal, context.Properties) is not { } session)
        {
            context.RejectPrincipal();
            return;
        }

        var who = await check.Identify(session, context.HttpContext.RequestAborted);
        context.HttpContext.Features.Set(new OpenSession(session, who));
        if (who.Caller is { } caller)
        {
            context.ReplacePrincipal(CallerIdentity.Principal(caller, Schemes.Session));
        }
        else
        {
            context.RejectPrincipal();
        }
    }
}

/// <summary>The session of the request's cookie, and whether it is still valid; a feature of the request.</summary>
internal sealed record OpenSession(Session Session, Identified Who);

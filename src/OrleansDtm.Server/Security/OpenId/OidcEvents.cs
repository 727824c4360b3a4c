using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using OrleansDtm.Grains.Audit;
using OrleansDtm.Server.Audit;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Sessions;

namespace OrleansDtm.Server.Security.OpenId;

/// <summary>The steps of a sign-in at the issuer that are ours: public URLs, roles, the session, messages.</summary>
internal sealed class OidcEvents(
    OidcSecret secret, OidcRoles roles, SignInGuard guard, Refusals refusals, AuditTrail audit, PagePaths page,
    CoordinatorOptions options, TimeProvider clock) : OpenIdConnectEvents
{
    private const int ProblemMax = 200;

    public override Task RedirectToIdentityProvider(RedirectContext context)
    {
        context.Options.ClientSecret = secret.Value; // For pushed authorization requests.
        context.ProtocolMessage.RedirectUri = OidcUrls.Public(context.Request, page.OidcCallback);
        return Task.CompletedTask;
    }

    public override Task AuthorizationCodeReceived(AuthorizationCodeReceivedContext context)
    {
        if (context.TokenEndpointRequest is { } request)
        {
            request.ClientSecret = secret.Value;
        }

        return Task.CompletedTask;
    }

    public override Task TokenValidated(TokenValidatedContext context)
    {
        // ASP.NET Core accepts unsigned id tokens of the code flow.
        if (context.SecurityToken is not { SignatureAlgorithm: { Length: > 0 } algorithm } token
            || algorithm == "none"
            || token.Header.ContainsKey("crit"))
        {
            context.Fail("the id token is not signed, or has critical headers");
            return Task.CompletedTask;
        }

        var caller = context.Principal is { } user ? roles.CallerOf(user) : null;
        if (caller is not { Role: > Role.None })
        {
            context.Fail(new NoRoleException(caller));
            return Task.CompletedTask;
        }

        context.Principal = CallerIdentity.Principal(caller, Schemes.Oidc);
        return Task.CompletedTask;
    }

    public override async Task TicketReceived(TicketReceivedContext context)
    {
        var caller = CallerIdentity.Of(context.Principal!)!;
        var now = clock.GetUtcNow();
        var session = Session.Of(caller, options.Security.Oidc, now + options.Security.SessionLifetime);
        (context.Principal, context.Properties) = (session.Principal(), session.Properties(now));
        guard.Succeeded(context.HttpContext.Connection.RemoteIpAddress);
        await audit.Operation(
            Requesters.Of(context.HttpContext, caller with { ByCookie = true }),
            AuditActions.SignIn,
            AuditOutcomes.Done,
            new AuditSubject("", options.Security.Oidc.Authority));
    }

    /// <summary>The page shows why.</summary>
    public override async Task RemoteFailure(RemoteFailureContext context)
    {
        var http = context.HttpContext;
        var problem = context.Failure switch
        {
            NoRoleException => OidcProblem.NoRole,
            IssuerAwayException or HttpRequestException or TaskCanceledException => OidcProblem.Away,
            { } failure when failure.Data["error"] is "access_denied" => OidcProblem.Denied,
            _ => OidcProblem.Failed,
        };
        var text = $"{options.Security.Oidc.Authority}: {Printable(context.Failure)}";
        if (problem != OidcProblem.Away)
        {
            refusals.Record(http, text, AuditActions.SignIn, (context.Failure as NoRoleException)?.Caller);
        }

        await guard.Failed(http.Connection.RemoteIpAddress, text, http.RequestAborted);
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Redirect(OidcUrls.Page(problem));
        context.HandleResponse();
    }

    /// <summary>Messages of the libraries may repeat what the request contained.</summary>
    private static string Printable(Exception? e)
    {
        var text = string.Concat((e?.Message ?? "").Select(static c => char.IsControl(c) ? ' ' : c));
        return text.Length > ProblemMax ? text[..ProblemMax] : text;
    }

    private sealed class NoRoleException(Caller? caller)
        : AuthenticationFailureException($"'{caller?.Name}' has no role at the issuer")
    {
        public Caller? Caller { get; } = caller;
    }
}

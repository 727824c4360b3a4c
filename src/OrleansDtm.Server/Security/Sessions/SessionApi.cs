using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using OrleansDtm.Grains.Audit;
using OrleansDtm.Server.Apis;
using OrleansDtm.Server.Audit;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.OpenApi;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.OpenId;

namespace OrleansDtm.Server.Security.Sessions;

/// <summary>Sign-in of the admin page: sends a key or token once, and gets an HttpOnly cookie.</summary>
internal sealed class SessionApi(
    ProofCheck proofs, EndedSessions ended, SignInGuard guard, OidcApi oidc, AuditTrail audit, PagePaths page,
    CoordinatorOptions options, TimeProvider clock)
{
    private const int BodyBytesMax = 16 * 1024;

    private readonly PageCookie _cookie = new(page, SessionCookie.Name, SameSiteMode.Strict);

    public static void Map(IEndpointRouteBuilder routes)
    {
        var api = routes.ServiceProvider.GetRequiredService<SessionApi>();
        var page = routes.ServiceProvider.GetRequiredService<PagePaths>();
        const string why = "The sign-in of the page. Programs send a key or token with each request.";
        routes.MapGet(page.Session, (RequestDelegate)api.Show).OpenToAll().LeaveUndescribed(why);
        routes.MapPost(page.Session, (RequestDelegate)api.SignIn).OpenToAll().LeaveUndescribed(why);
        routes.MapDelete(page.Session, (RequestDelegate)api.SignOut).OpenToAll().LeaveUndescribed(why);
    }

    private async Task Show(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (!options.Security.IsOn)
        {
            var cookie = context.Request.Cookies[SessionCookie.Name] is { Length: > 0 } given
                ? given
                : Give(context, SessionCookie.Anonymous());
            await Write(context, new Caller("anonymous", Role.Admin) { Grant = NamespaceGrant.All }, cookie);
            return;
        }

        var who = await Identified.Of(context);
        if (who.Caller is not { } caller)
        {
            await AccessAnswers.Unidentified(context, who, Role.Read);
            return;
        }

        await Write(context, caller, context.Request.Cookies[SessionCookie.Name] ?? "");
    }

    private async Task SignIn(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (!options.Security.IsOn)
        {
            Give(context, SessionCookie.Anonymous());
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        var proof = await RequestBody.Read(context, BodyBytesMax, 0, static (body, _) => Key(body));
        if (proof is null)
        {
            await HttpAnswers.Result(
                context,
                StatusCodes.Status400BadRequest,
                "ERROR",
                "the body is not {\"key\": \"an API key or a token\"}");
            return;
        }

        // The proof is verified first: behind a proxy all users share an address, and a valid one never waits.
        var address = context.Connection.RemoteIpAddress;
        var who = await proofs.Identify(proof, context.RequestAborted);
        if (who.Caller is not { } caller)
        {
            await (who.IsUndecided || await guard.Failed(address, who.Problem, context.RequestAborted)
                ? AccessAnswers.Unidentified(context, who, Role.Read)
                : TooMany(context));
            return;
        }

        guard.Succeeded(address);
        if (caller.Role < Role.Read)
        {
            await AccessAnswers.Forbidden(context, caller, Role.Read);
        }
        else
        {
            var now = clock.GetUtcNow();
            var until = now + options.Security.SessionLifetime;
            var session = Session.Of(
                caller, options.Security.Jwt, who.Until is { } end && end < until ? end : until);
            await context.SignInAsync(Schemes.Session, session.Principal(), session.Properties(now));
            await audit.Operation(
                Requesters.Of(context, caller), AuditActions.SignIn, AuditOutcomes.Done, new AuditSubject(""));
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
    }

    private static Task TooMany(HttpContext context) =>
        AccessAnswers.TooMany(context, 1, "other failed sign-ins from your address are not answered yet");

    private async Task SignOut(HttpContext context)
    {
        // The browser forgets the cookie even if the store cannot be written, which is answered 503.
        context.Response.Cookies.Delete(SessionCookie.Name, _cookie.Build(context));
        if (options.Security.IsOn)
        {
            await context.AuthenticateAsync(Schemes.Session);
            if (context.Features.Get<OpenSession>() is { } open)
            {
                await ended.Add(open.Session, context.RequestAborted);
                var caller = new Caller(open.Session.Name, open.Session.Role, ByCookie: true)
                {
                    Grant = open.Session.Grant,
                };
                await audit.Operation(
                    Requesters.Of(context, caller), AuditActions.SignOut, AuditOutcomes.Done, new AuditSubject(""));
                if (open.Session.Kind == SessionKind.Oidc && await oidc.SignOutUrl(context) is { } url)
                {
                    await WriteSignOut(context, url);
                    return;
                }
            }
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private string Give(HttpContext context, string value)
    {
        context.Response.Cookies.Append(SessionCookie.Name, value, _cookie.Build(context));
        return value;
    }

    private static string? Key(System.Buffers.ReadOnlySequence<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("key", out var key)
                && key.ValueKind == JsonValueKind.String
                && key.GetString() is { Length: > 0 } text
                ? text.Trim()
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The page opens the URL: the issuer signs the user out too.</summary>
    private static async Task WriteSignOut(HttpContext context, string url)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        var json = new Utf8JsonWriter(context.Response.BodyWriter);
        await using (json)
        {
            json.WriteStartObject();
            json.WriteString("sign_out_url", url);
            json.WriteEndObject();
        }
    }

    /// <summary>The namespaces that the page may offer: the bound one, or those that may be named.</summary>
    private static void WriteNamespaces(Utf8JsonWriter json, Caller caller)
    {
        json.WriteString("namespace", caller.Grant.Bound ?? "");
        json.WriteStartArray("namespaces");
        foreach (var name in caller.Grant.Names ?? (caller.Role == Role.Admin ? [NamespaceGrant.Any] : []))
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
    }

    private static async Task Write(HttpContext context, Caller caller, string cookie)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        var json = new Utf8JsonWriter(context.Response.BodyWriter);
        await using (json)
        {
            json.WriteStartObject();
            json.WriteString("name", caller.Name);
            json.WriteStartArray("roles");
            foreach (var role in RoleNames.Included(caller.Role))
            {
                json.WriteStringValue(role);
            }

            json.WriteEndArray();
            WriteNamespaces(json, caller);
            json.WriteString("csrf", cookie.Length > 0 ? SessionCookie.CsrfToken(cookie) : "");
            json.WriteEndObject();
        }
    }
}

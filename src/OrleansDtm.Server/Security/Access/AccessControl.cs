using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http.Features;
using OrleansDtm.Server.Security.Browsers;
using OrleansDtm.Server.Security.Sessions;

namespace OrleansDtm.Server.Security.Access;

/// <summary>
/// Continues or refuses a request after its authorization: the refusal in the format of its protocol, the CSRF token of
/// sessions, the limits of the caller. Registered only when security is on.
/// </summary>
internal sealed class AccessControl(CallerLimits limits, CallerUsage usage, PagePaths page)
    : IAuthorizationMiddlewareResultHandler
{
    public async Task HandleAsync(
        RequestDelegate next, HttpContext context, AuthorizationPolicy policy,
        PolicyAuthorizationResult authorizeResult)
    {
        if (Needed(context, page) is not { } needed)
        {
            await next(context);
            return;
        }

        if (CallerIdentity.Of(context.User) is not { } caller)
        {
            await AccessAnswers.Unidentified(context, await Identified.Of(context), needed);
            return;
        }

        context.Features.Set(caller); // Also for the audit log of a refusal.
        usage.Add(caller);
        if (!authorizeResult.Succeeded)
        {
            await AccessAnswers.Forbidden(context, caller, needed);
        }
        else if (caller.ByCookie
            && !(needed == Role.Read && IsReading(context.Request))
            && !BrowserGuard.IsOurPage(context.Request))
        {
            await AccessAnswers.Forbidden(context, BrowserGuard.NotOurPage);
        }
        else if (limits.HasRates(caller) && !limits.TryTake(caller, out var seconds))
        {
            await AccessAnswers.TooMany(context, seconds, $"'{caller.Name}' has exceeded its request rate");
        }
        else if (!limits.TryEnter(caller))
        {
            await AccessAnswers.TooMany(
                context,
                1,
                $"'{caller.Name}' has {limits.InFlightMax(caller)} requests in flight. Wait for their answers, or have "
                + "an administrator raise inflight= in the line of the key");
        }
        else
        {
            LimitBody(context, caller);
            await Serve(next, context, caller);
        }
    }

    /// <summary>
    /// Gives the caller's place back before the first byte of the answer: a client that has read it may send the next
    /// request before this method ends.
    /// </summary>
    private async Task Serve(RequestDelegate next, HttpContext context, Caller caller)
    {
        var held = 1;
        context.Response.OnStarting(() =>
        {
            Exit();
            return Task.CompletedTask;
        });
        try
        {
            await next(context);
        }
        finally
        {
            Exit();
        }

        void Exit()
        {
            if (Interlocked.Exchange(ref held, 0) == 1)
            {
                limits.Exit(caller);
            }
        }
    }

    private void LimitBody(HttpContext context, Caller caller)
    {
        if (!AccessAnswers.IsGrpcMethod(context) // See GrpcBodyLimit.
            && limits.BytesMax(caller) is { } bytes
            && context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit
            && !(limit.MaxRequestBodySize <= bytes))
        {
            limit.MaxRequestBodySize = bytes;
        }
    }

    public static bool IsReading(HttpRequest request) =>
        HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);

    /// <summary>Null = no role is needed.</summary>
    public static Role? Needed(HttpContext context, PagePaths page)
    {
        if (context.GetEndpoint() is not { } endpoint)
        {
            return null;
        }

        if (endpoint.Metadata.GetMetadata<RoleRequirement>() is { } requirement)
        {
            return requirement.Role.Length == 0 ? null : requirement.Needed;
        }

        // Without a role: data of the page by method, an API the highest role, anything else is a file of the page.
        return page.IsData(context.Request.Path) ? IsReading(context.Request) ? Role.Read : Role.Admin
            : context.Request.Path.StartsWithSegments("/api")
                || endpoint.Metadata.GetMetadata<GrpcMethodMetadata>() is not null ? Role.Admin
            : null;
    }
}

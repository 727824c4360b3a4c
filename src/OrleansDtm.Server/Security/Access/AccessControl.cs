using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Http.Features;
using OrleansDtm.Server.Security.Browsers;
using OrleansDtm.Server.Security.Sessions;

namespace OrleansDtm.Server.Security.Access;

/// <summary>Allows a request if its caller has the role of the endpoint. Registered only when security is on.</summary>
internal sealed class AccessControl(
    RequestDelegate next, Authenticator authenticator, CallerLimits limits, PagePaths page)
{
    public Task InvokeAsync(HttpContext context) =>
        Needed(context) is { } needed ? Check(context, needed) : next(context);

    private async Task Check(HttpContext context, Role needed)
    {
        var who = await authenticator.Identify(context);
        if (who.Caller is not { } caller)
        {
            await AccessAnswers.Unidentified(context, who, needed);
            return;
        }

        context.Features.Set(caller); // Also for the audit log of a refusal.
        if (caller.Role < needed)
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
            try
            {
                await next(context);
            }
            finally
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
    private Role? Needed(HttpContext context)
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

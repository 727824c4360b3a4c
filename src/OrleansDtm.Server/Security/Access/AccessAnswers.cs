using Grpc.AspNetCore.Server;
using Grpc.Core;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Apis;
using OrleansDtm.Server.Audit;

namespace OrleansDtm.Server.Security.Access;

/// <summary>Refusals in the format of the request's protocol.</summary>
internal static class AccessAnswers
{
    /// <summary>Not DTM's word for a business failure: SDKs would treat the transaction as rolled back.</summary>
    private const string Error = "ERROR";

    /// <param name="who">Without a caller.</param>
    public static Task Unidentified(HttpContext context, Identified who, Role needed)
    {
        if (who.IsUndecided)
        {
            context.Response.Headers.RetryAfter = "1";
            return Refuse(
                context,
                StatusCodes.Status503ServiceUnavailable,
                StatusCode.Unavailable,
                JsonRpcCodes.Internal,
                $"try again: {who.Problem}",
                word: "UNAVAILABLE");
        }

        context.Response.Headers.WWWAuthenticate = "Bearer realm=\"orleansdtm\"";
        var message =
            $"not signed in ({(needed == Role.None ? "any" : RoleNames.Of(needed))} role needed): {who.Problem}";
        return Refuse(
            context,
            StatusCodes.Status401Unauthorized,
            StatusCode.Unauthenticated,
            JsonRpcCodes.Unauthenticated,
            message);
    }

    /// <param name="id">Id of the JSON-RPC request, if it was read.</param>
    /// <param name="action">The operation for the audit log; null = from the path.</param>
    public static Task Forbidden(
        HttpContext context, Caller caller, Role needed, string? id = null, string? action = null)
    {
        var role = RoleNames.Of(needed);
        context.Response.Headers.WWWAuthenticate =
            $"Bearer realm=\"orleansdtm\", error=\"insufficient_scope\", scope=\"{role}\"";
        var has = caller.Role == Role.None ? "none" : RoleNames.Of(caller.Role);
        return Forbidden(context, $"the role {role} is needed; '{Printable(caller.Name)}' has {has}", id, action);
    }

    public static Task Forbidden(HttpContext context, string message, string? id = null, string? action = null) =>
        Refuse(
            context, StatusCodes.Status403Forbidden, StatusCode.PermissionDenied, JsonRpcCodes.Forbidden, message, id,
            action: action);

    public static Task TooMany(HttpContext context, int seconds, string message)
    {
        context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return Refuse(
            context, StatusCodes.Status429TooManyRequests, StatusCode.ResourceExhausted, JsonRpcCodes.TooMany, message);
    }

    /// <summary>The request is malformed.</summary>
    public static Task Invalid(HttpContext context, string message) => Refuse(
        context,
        StatusCodes.Status400BadRequest,
        StatusCode.InvalidArgument,
        JsonRpcCodes.BadRequest,
        message,
        word: ResultWords.Failure);

    public static Task UsePost(HttpContext context, string message)
    {
        context.Response.Headers.Allow = HttpMethods.Post;
        return Refuse(
            context,
            StatusCodes.Status405MethodNotAllowed,
            StatusCode.PermissionDenied,
            JsonRpcCodes.Forbidden,
            message);
    }

    private static Task Refuse(
        HttpContext context, int status, StatusCode grpc, int jsonRpc, string message, string? id = null,
        string word = Error, string? action = null)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (status is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden
            or StatusCodes.Status405MethodNotAllowed or StatusCodes.Status429TooManyRequests)
        {
            context.RequestServices.GetRequiredService<Refusals>().Record(context, message, action);
            if (context.Features.Get<Caller>() is { } caller)
            {
                context.RequestServices.GetService<CallerUsage>()?.Refuse(caller);
            }
        }

        if (IsGrpcMethod(context))
        {
            // A response of headers only: clients read the status there if there is no body.
            context.Response.StatusCode = StatusCodes.Status200OK;
            context.Response.ContentType = "application/grpc";
            context.Response.Headers["grpc-status"] = ((int)grpc).ToString(
                System.Globalization.CultureInfo.InvariantCulture);
            context.Response.Headers["grpc-message"] = Uri.EscapeDataString(message);
            return Task.CompletedTask;
        }

        return context.Request.Path.Equals(JsonRpcApi.Path, StringComparison.OrdinalIgnoreCase)
            ? JsonRpcReply.Error(jsonRpc, message).Write(context, status, id)
            : HttpAnswers.Result(context, status, word, message);
    }

    /// <summary>Determined by the endpoint, not by the request's headers.</summary>
    public static bool IsGrpcMethod(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is not null;

    private static string Printable(string name) => string.Concat(name.Where(static c => !char.IsControl(c)));
}

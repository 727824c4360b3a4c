using Microsoft.Extensions.Primitives;
using OrleansDtm.Core;
using OrleansDtm.Grains.Service;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Protocol;

namespace OrleansDtm.Server.Security.Access;

/// <summary>
/// Finds the namespace of a request and refuses one that its caller may not use. Runs after the authorization. Without
/// authentication any caller may name any namespace.
/// </summary>
internal sealed class RequestNamespace(RequestDelegate next)
{
    /// <summary>The namespace of the request; empty = the default one.</summary>
    public static string Of(HttpContext context) => Of(context, context.Features.Get<Caller>());

    /// <param name="context">The request.</param>
    /// <param name="caller">Its caller, for a request that was refused before; null = unknown.</param>
    public static string Of(HttpContext context, Caller? caller) =>
        context.Features.Get<Chosen>()?.Name ?? caller?.Grant.Bound ?? "";

    /// <summary>Returns true if the caller sees only one namespace, and so nothing of the whole cluster.</summary>
    public static bool IsBound(HttpContext context) => context.Features.Get<Caller>()?.Grant.Bound is not null;

    public Task InvokeAsync(HttpContext context)
    {
        var named = Named(context.Request, out var problem);
        if (problem is not null)
        {
            return AccessAnswers.Invalid(context, problem);
        }

        var name = named ?? "";
        if (context.Features.Get<Caller>() is { } caller)
        {
            name = NamespaceGrant.Choose(named, caller, out problem);
            if (problem is not null)
            {
                return AccessAnswers.Forbidden(context, problem);
            }
        }

        if (name.Length > 0)
        {
            context.Features.Set(new Chosen(name));
            DtmTracing.AttachNamespace(name);
        }

        return next(context);
    }

    /// <summary>The name in the header, or in the query of a GET; null = none.</summary>
    private static string? Named(HttpRequest request, out string? problem)
    {
        var isRead = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
        var header = request.Headers[NamespaceHeader.Name];
        var query = isRead ? request.Query[NamespaceHeader.Query] : StringValues.Empty;
        string[] names = [.. header.Concat(query).Where(static name => !string.IsNullOrEmpty(name)).Distinct()!];
        problem = names.Length > 1 ? $"{NamespaceHeader.Query}: the request names several"
            : names is [var one] && !Namespaces.IsName(one)
                ? $"{NamespaceHeader.Query}: '{RequestValidator.Printable(one)}' is not a name of 1 to "
                    + $"{Namespaces.NameMax} lower-case letters, digits and hyphens that starts with a letter or digit"
            : null;
        return names.FirstOrDefault();
    }

    private sealed record Chosen(string Name);
}

using OrleansDtm.Grains.Audit;
using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Audit;

/// <summary>The caller of a request, as the audit log names it.</summary>
internal static class Requesters
{
    public static Requester Of(HttpContext context) => Of(context, context.Features.Get<Caller>());

    /// <param name="context">The request.</param>
    /// <param name="caller">Null = not authenticated.</param>
    public static Requester Of(HttpContext context, Caller? caller)
    {
        var address = context.Connection.RemoteIpAddress?.ToString() ?? "";
        return caller is null
            ? new Requester(Requester.Anonymous, "", "", address) { Namespace = RequestNamespace.Of(context) }
            : new Requester(KindOf(caller), caller.Name, RoleNames.Of(caller.Role), address)
            {
                Namespace = RequestNamespace.Of(context, caller),
                UnfinishedMax = context.RequestServices.GetRequiredService<CallerLimits>().UnfinishedMax(caller),
            };
    }

    private static string KindOf(Caller caller) =>
        caller.ByCookie ? Requester.Session
        : caller.Key is null ? Requester.Token
        : Requester.Key;
}

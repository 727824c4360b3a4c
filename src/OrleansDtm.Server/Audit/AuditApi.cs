using OrleansDtm.Grains.Audit;
using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Apis;
using OrleansDtm.Server.Apis.Docs;
using OrleansDtm.Server.OpenApi;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Audit;

/// <summary>Reads the audit log. Not in DTM.</summary>
internal static class AuditApi
{
    private static readonly string[] Outcomes =
        [AuditOutcomes.Done, AuditOutcomes.Rejected, AuditOutcomes.Failed, AuditOutcomes.Refused];

    public static void MapAuditApi(this IEndpointRouteBuilder routes, string prefix)
    {
        var trail = routes.ServiceProvider.GetRequiredService<AuditTrail>();
        routes.MapGet($"{prefix}/audit", context => Show(context, trail))
            .RequireRole(RoleNames.Admin)
            .Describe(AuditDocs.List);
    }

    /// <exception cref="RequestException">A parameter is invalid.</exception>
    public static async Task Show(HttpContext context, AuditTrail trail)
    {
        var query = context.Request.Query;
        var filter = new AuditFilter
        {
            Gid = ListQuery.Given(query["gid"]),
            Namespace = RequestNamespace.Of(context),
            Caller = ListQuery.Given(query["caller"]),
            Action = ListQuery.Given(query["action"]),
            Outcome = Outcome(ListQuery.Given(query["outcome"])),
            From = ListQuery.Moment("from", query["from"]),
            To = ListQuery.Moment("to", query["to"]),
            BeforeId = ListQuery.Whole("position", query["position"], 0, 0, long.MaxValue),
            Limit = (int)ListQuery.Whole("limit", query["limit"], 100, 1, ListQuery.LimitMax),
        };
        var page = await trail.List(filter, context.RequestAborted);
        await HttpAnswers.Write(
            context, StatusCodes.Status200OK, AuditPages.Of(page, filter.Limit), AuditViewJson.Readable.AuditView);
    }

    private static string? Outcome(string? text) => text is null || Outcomes.Contains(text)
        ? text
        : throw new RequestException(
            "outcome",
            $"'{RequestValidator.Printable(text)}' is unknown; one of {string.Join(", ", Outcomes)}");
}

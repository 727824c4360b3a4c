using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Apis.Docs;
using OrleansDtm.Server.Audit;
using OrleansDtm.Server.OpenApi;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Browsers;

namespace OrleansDtm.Server.Apis;

/// <summary>DTM's routes for topics and their key-value store.</summary>
internal static class TopicApi
{
    public static void MapTopicApi(this IEndpointRouteBuilder routes, string prefix)
    {
        var topics = routes.ServiceProvider.GetRequiredService<TopicService>();

        // DTM changes state by GET; POST with the same query parameters is the alternative of our SDK and page.
        string[] getOrPost = ["GET", "POST"];
        routes.MapMethods($"{prefix}/subscribe", getOrPost, async context =>
        {
            var query = context.Request.Query;
            await HttpAnswers.Reply(
                context,
                await topics.Subscribe(query["topic"], query["url"], query["remark"], Requesters.Of(context)));
        }).RequireRole(RoleNames.Admin).Describe(TopicDocs.Subscribe).Add(ChangesByGet.Mark);
        routes.MapMethods($"{prefix}/unsubscribe", getOrPost, async context =>
            await HttpAnswers.Reply(
                context,
                await topics.Unsubscribe(
                    context.Request.Query["topic"], context.Request.Query["url"], Requesters.Of(context))))
            .RequireRole(RoleNames.Admin).Describe(TopicDocs.Unsubscribe).Add(ChangesByGet.Mark);
        routes.MapDelete($"{prefix}/topic/{{topicName}}", async context =>
            await HttpAnswers.Reply(
                context,
                await topics.Delete(context.Request.RouteValues["topicName"] as string, Requesters.Of(context))))
            .RequireRole(RoleNames.Admin)
            .Describe(TopicDocs.Delete);
        routes.MapGet($"{prefix}/queryKV", async context =>
        {
            var query = context.Request.Query;
            var view = await topics.QueryKeyValue(
                RequestNamespace.Of(context), query["cat"], query["key"], context.RequestAborted);
            await HttpAnswers.Show(
                context, view, ProtocolJson.Readable.KeyValueListView, Caller.Has(context, Role.Admin));
        }).RequireRole(RoleNames.Read).Describe(TopicDocs.Query);
        routes.MapGet($"{prefix}/scanKV", async context =>
        {
            var query = context.Request.Query;
            var view = await topics.ScanKeyValue(
                RequestNamespace.Of(context), query["cat"], query["position"], query["limit"], context.RequestAborted);
            await HttpAnswers.Show(
                context, view, ProtocolJson.Readable.KeyValueListView, Caller.Has(context, Role.Admin));
        }).RequireRole(RoleNames.Read).Describe(TopicDocs.Scan);
    }
}

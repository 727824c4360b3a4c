using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Audit;
using OrleansDtm.Grains.Batches;
using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Apis;
using OrleansDtm.Server.Audit;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Admin;

/// <summary>
/// The API of the admin page. It is below the page's base path, so a proxy needs to forward this path only. Each change
/// is a POST of JSON, so a form or link of another site cannot make one.
/// </summary>
internal static class AdminApi
{
    private const int BodyBytesMax = 16 * 1024;

    public static void Map(RouteGroupBuilder routes, IServiceProvider services)
    {
        var transactions = services.GetRequiredService<TransactionService>();
        var topics = services.GetRequiredService<TopicService>();
        var overview = services.GetRequiredService<Overview>();
        var clock = services.GetRequiredService<TimeProvider>();
        var options = services.GetRequiredService<CoordinatorOptions>();
        routes.DisableHttpMetrics();

        Get("overview", async context => await HttpAnswers.Write(
            context, 200, await overview.Read(context, context.RequestAborted), AdminJson.Readable.OverviewView));
        var list = services.GetRequiredService<ListApi>();
        Get("transactions", list.Read);
        Get("transaction-counts", list.Count);
        Get("transactions-export", services.GetRequiredService<ListExport>().Send);
        Get("transaction", async context =>
        {
            var stored = await transactions.Find(
                RequestNamespace.Of(context), context.Request.Query["gid"], context.RequestAborted);
            await (stored is null
                ? HttpAnswers.Result(context, StatusCodes.Status404NotFound, ResultWords.Failure, "no such gid")
                : HttpAnswers.Show(
                    context,
                    TransactionDetails.Of(
                        stored, clock.GetUtcNow(), transactions.WaitingOf(stored), options.Admin.TraceUrl),
                    AdminJson.Readable.TransactionDetail,
                    secrets: false));
        });
        Get("query", async context => await HttpAnswers.Show(
            context,
            await transactions.Query(
                RequestNamespace.Of(context), context.Request.Query["gid"], context.RequestAborted),
            ProtocolJson.Readable.QueryView,
            secrets: false));
        Get("submit", async context =>
        {
            var view = await transactions.Query(
                RequestNamespace.Of(context), context.Request.Query["gid"], context.RequestAborted);
            await (view.Transaction is null
                ? HttpAnswers.Result(context, StatusCodes.Status404NotFound, ResultWords.Failure, "no such gid")
                : HttpAnswers.Show(
                    context, SubmitRequests.Of(view), AdminJson.Readable.SubmitView, secrets: false));
        });

        var batches = services.GetRequiredService<BatchService>();
        Get("batches", context => BatchApi.List(context, batches));
        Get("batch", context => BatchApi.Show(context, batches));
        Json("batch", context => BatchApi.Start(context, batches));
        Json("batch-stop", context => BatchApi.Stop(context, batches));

        Get("events", context => services.GetRequiredService<EventStreams>().Serve(context, secrets: false));

        // Who may remove a subscriber needs its URL.
        Get("topics", async context => await HttpAnswers.Show(
            context,
            await topics.ScanKeyValue(
                RequestNamespace.Of(context),
                "topics",
                context.Request.Query["position"],
                context.Request.Query["limit"],
                context.RequestAborted),
            ProtocolJson.Readable.KeyValueListView,
            Caller.Has(context, Role.Admin)));

        Get("services", async context => await HttpAnswers.Show(
            context,
            await services.GetRequiredService<ServicesPage>().Read(context.RequestAborted),
            AdminJson.Readable.ServicesView,
            secrets: false));

        Get("audit", context => AuditApi.Show(context, services.GetRequiredService<AuditTrail>()), RoleNames.Admin);
        Get("settings", context => HttpAnswers.Write(
            context, 200, services.GetRequiredService<SettingsPage>().Read(), AdminJson.Readable.SettingsView),
            RoleNames.Admin);
        Get("keys", async context => await HttpAnswers.Write(
            context,
            200,
            await services.GetRequiredService<KeysPage>().Read(context.RequestAborted),
            AdminJson.Readable.KeysView),
            RoleNames.Admin);

        Post("force-stop", (body, by) => transactions.ForceStop(Named(body), by));
        Post("retry", (body, by) => transactions.ResetNextCronTime(Named(body), by));
        Post(
            "retry-branch",
            (body, by) => transactions.RetryBranch(
                Field(body, "gid"), Field(body, "branch_id"), Field(body, "op"), by));
        Post(
            "resolve-branch",
            (body, by) => transactions.ResolveBranch(
                Field(body, "gid"), Field(body, "branch_id"), Field(body, "op"), Field(body, "reason"), by));
        Post(
            "subscribe",
            (body, by) => topics.Subscribe(Field(body, "topic"), Field(body, "url"), Field(body, "remark"), by));
        Post("unsubscribe", (body, by) => topics.Unsubscribe(Field(body, "topic"), Field(body, "url"), by));
        Post("delete-topic", (body, by) => topics.Delete(Field(body, "topic"), by));

        void Get(string name, RequestDelegate handle, string role = RoleNames.Read) =>
            routes.MapGet("/" + name, context =>
            {
                context.Response.Headers.CacheControl = "no-store";
                return handle(context);
            }).RequireRole(role);

        void Post(string name, Func<Dictionary<string, string>, Requester, Task<TransactionReply>> handle) =>
            Json(name, context => Change(context, handle));

        void Json(string name, RequestDelegate handle) => routes.MapPost(
            "/" + name,
            context => context.Request.HasJsonContentType()
                ? handle(context)
                : HttpAnswers.Result(
                    context,
                    StatusCodes.Status415UnsupportedMediaType,
                    ResultWords.Failure,
                    "the body must be application/json")).RequireRole(RoleNames.Admin);
    }

    private static async Task Change(
        HttpContext context, Func<Dictionary<string, string>, Requester, Task<TransactionReply>> handle)
    {
        var body = await RequestBody.Read(context, BodyBytesMax, ProtocolJson.Default.DictionaryStringString);
        await HttpAnswers.Reply(context, await handle(body, Requesters.Of(context)));
    }

    private static string? Field(Dictionary<string, string> body, string name) => body.GetValueOrDefault(name);

    private static TransactionRequest Named(Dictionary<string, string> body) => new() { Gid = Field(body, "gid") };
}

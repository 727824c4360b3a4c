using System.Reflection;
using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Audit;
using OrleansDtm.Grains.Service;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Apis.Docs;
using OrleansDtm.Server.Audit;
using OrleansDtm.Server.Checks;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.OpenApi;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Browsers;
using OrleansDtm.Server.Telemetry;

namespace OrleansDtm.Server.Apis;

/// <summary>DTM's HTTP API. Translates only; <see cref="TransactionService"/> does the work.</summary>
public static class HttpApi
{
    private const string Prefix = "/api/dtmsvr";

    public static string Version { get; } =
        typeof(HttpApi).Assembly.GetCustomAttribute<
            AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    public static void MapHttpApi(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        var api = new Routes(
            routes,
            routes.ServiceProvider.GetRequiredService<TransactionService>(),
            routes.ServiceProvider.GetRequiredService<CoordinatorOptions>(),
            routes.ServiceProvider.GetRequiredService<ListingGate>(),
            routes.ServiceProvider.GetRequiredService<TimeProvider>());
        api.MapReads();
        api.MapChanges();
        api.MapWorkflows();
        api.MapMaintenance();
    }

    private sealed class Routes(
        IEndpointRouteBuilder routes,
        TransactionService service,
        CoordinatorOptions options,
        ListingGate listings,
        TimeProvider clock)
    {
        public void MapReads()
        {
            routes.Map(
                "/api/ping",
                static context => HttpAnswers.Write(context, 200, new PingView(), ProtocolJson.Readable.PingView))
                .OpenToAll()
                .Describe(ServerDocs.Ping);
            Get("newGid", static context =>
                HttpAnswers.Write(
                    context,
                    200,
                    new NewGidView { Gid = GidGenerator.New() },
                    ProtocolJson.Readable.NewGidView)).RequireRole(RoleNames.Read).Describe(TransactionDocs.NewGid);
            Get("version", static context =>
                HttpAnswers.Write(
                    context, 200, new VersionView { Version = Version }, ProtocolJson.Readable.VersionView))
                .OpenToAll()
                .Describe(ServerDocs.Version);
            Get("query", async context =>
            {
                var secrets = Caller.Has(context, Role.Admin);
                var view = await service.Query(
                    RequestNamespace.Of(context), context.Request.Query["gid"], context.RequestAborted, secrets);
                await HttpAnswers.Show(context, view, ProtocolJson.Readable.QueryView, secrets);
            }).RequireRole(RoleNames.Read).Describe(TransactionDocs.Query);
            Get("all", context => listings.Run(context, async () =>
            {
                var secrets = Caller.Has(context, Role.Admin);
                var view = await service.List(
                    ListQuery.Parse(
                        name => context.Request.Query[name],
                        RequestNamespace.Of(context),
                        clock.GetUtcNow(),
                        secrets ? null : SecretNames.MaskQuery),
                    context.RequestAborted,
                    secrets);
                await HttpAnswers.Show(context, view, ProtocolJson.Readable.ListView, secrets);
            })).RequireRole(RoleNames.Read).Describe(TransactionDocs.List);
        }

        public void MapChanges()
        {
            Post("submit", service.Submit, Waits.OfSubmit)
                .RequireRole(RoleNames.Submit).Describe(SubmitDocs.Submit);
            Post("prepare", service.Prepare).RequireRole(RoleNames.Submit).Describe(SubmitDocs.Prepare);
            Post("abort", service.Abort, static (_, reply) => Waits.OfAbort(reply))
                .RequireRole(RoleNames.Submit).Describe(SubmitDocs.Abort);
            Post("forceStop", service.ForceStop).RequireRole(RoleNames.Admin).Describe(OperationDocs.ForceStop);
            Post("resetNextCronTime", service.ResetNextCronTime)
                .RequireRole(RoleNames.Admin).Describe(OperationDocs.RetryTransaction);

            // Not in DTM: retry one waiting call now, or mark it as done manually.
            PostBranch(
                "retryBranch",
                static (service, r, by) =>
                    service.RetryBranch(r.Gid, r.BranchId, r.Fields.GetValueOrDefault("op"), by))
                .RequireRole(RoleNames.Admin)
                .Describe(OperationDocs.RetryBranch);
            PostBranch("resolveBranch", static (service, r, by) => service.ResolveBranch(
                r.Gid, r.BranchId, r.Fields.GetValueOrDefault("op"), r.Fields.GetValueOrDefault("reason"), by,
                r.Fields.GetValueOrDefault("result")))
                .RequireRole(RoleNames.Admin)
                .Describe(OperationDocs.ResolveBranch);

            // SDKs from before registerBranch served all patterns use the two old names.
            foreach (var name in (string[])["registerBranch", "registerXaBranch", "registerTccBranch"])
            {
                PostBranch(name, static (service, request, by) => service.RegisterBranch(request, by))
                    .RequireRole(RoleNames.Submit)
                    .Describe(BranchDocs.Register(name));
            }
        }

        public void MapWorkflows() =>
            routes.MapPost($"{Prefix}/prepareWorkflow", async context =>
            {
                var request = await RequestBody.Read(context, options.Limits.RequestBytesMax);
                HttpTracing.Attach(context, request);
                var (reply, workflow) = await service.PrepareWorkflow(
                    request, Requesters.Of(context), context.RequestAborted);
                await (workflow is null
                    ? HttpAnswers.Reply(context, reply)
                    : HttpAnswers.Write(
                        context, 200, TransactionService.View(workflow), ProtocolJson.Readable.WorkflowView));
            }).RequireRole(RoleNames.Submit).Describe(SubmitDocs.PrepareWorkflow);

        public void MapMaintenance()
        {
            // DTM changes state by GET here; POST is an alternative.
            routes.MapMethods($"{Prefix}/resetCronTime", [HttpMethods.Get, HttpMethods.Post], ResetCronTime)
                .RequireRole(RoleNames.Admin)
                .Describe(OperationDocs.RetryTransactions)
                .Add(ChangesByGet.Mark);
            routes.MapTopicApi(Prefix);
            routes.MapWatchApi(Prefix);
            routes.MapBatchApi(Prefix);
            routes.MapAuditApi(Prefix);
        }

        private IEndpointConventionBuilder Get(string name, RequestDelegate handle) =>
            routes.MapGet($"{Prefix}/{name}", handle);

        private IEndpointConventionBuilder Post(
            string name,
            Func<TransactionRequest, Requester, Task<TransactionReply>> handle,
            Func<TransactionRequest, TransactionReply, Awaited>? awaited = null) =>
            routes.MapPost($"{Prefix}/{name}", async context =>
            {
                var request = await RequestBody.Read(context, options.Limits.RequestBytesMax);
                HttpTracing.Attach(context, request);
                try
                {
                    var reply = await handle(request, Requesters.Of(context));
                    await HttpAnswers.Reply(context, reply, awaited?.Invoke(request, reply) ?? Awaited.Nothing);
                }
                catch (Exception e) when (LogScope.Note(e, request.Gid))
                {
                    throw; // Not caught here, only noted for the log.
                }
            });

        private IEndpointConventionBuilder PostBranch(
            string name, Func<TransactionService, RegisterRequest, Requester, Task<TransactionReply>> handle) =>
            routes.MapPost($"{Prefix}/{name}", async context =>
            {
                var request = await RequestBody.ReadRegister(context, options.Limits.RequestBytesMax);
                await HttpAnswers.Reply(context, await handle(service, request, Requesters.Of(context)));
            });

        private async Task ResetCronTime(HttpContext context)
        {
            var query = context.Request.Query;
            var seconds = ListQuery.Whole(
                "timeout", query["timeout"], (long)(3 * options.TimeoutToFail.TotalSeconds), 0, 366 * 86400);
            var limit = (int)ListQuery.Whole("limit", query["limit"], 100, 1, 10_000);
            var view = await service.ResetCronTime(
                TimeSpan.FromSeconds(seconds), limit, Requesters.Of(context), context.RequestAborted);
            await HttpAnswers.Write(context, 200, view, ProtocolJson.Readable.ResetCronTimeView);
        }
    }
}

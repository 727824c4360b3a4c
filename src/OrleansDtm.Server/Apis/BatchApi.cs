using OrleansDtm.Core;
using OrleansDtm.Grains.Batches;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Apis.Docs;
using OrleansDtm.Server.Audit;
using OrleansDtm.Server.OpenApi;
using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Apis;

/// <summary>Jobs that change many transactions. Not in DTM.</summary>
internal static class BatchApi
{
    /// <summary>The gids of a job, at most 1,000 of 128 characters, in any encoding.</summary>
    private const int BodyBytesMax = 1024 * 1024;

    public static void MapBatchApi(this IEndpointRouteBuilder routes, string prefix)
    {
        var batches = routes.ServiceProvider.GetRequiredService<BatchService>();
        routes.MapPost($"{prefix}/batch", context => Start(context, batches))
            .RequireRole(RoleNames.Admin).Describe(BatchDocs.Start);
        routes.MapGet($"{prefix}/batch", context => Show(context, batches))
            .RequireRole(RoleNames.Read).Describe(BatchDocs.Show);
        routes.MapGet($"{prefix}/batches", context => List(context, batches))
            .RequireRole(RoleNames.Read).Describe(BatchDocs.List);
        routes.MapPost($"{prefix}/batchStop", context => Stop(context, batches))
            .RequireRole(RoleNames.Admin).Describe(BatchDocs.Stop);
    }

    public static BatchOrder Of(BatchRequest body) =>
        new(body.Operation, body.Filter, body.DryRun, body.Limit, body.Reason, body.Gids);

    public static async Task Start(HttpContext context, BatchService batches)
    {
        var body = await RequestBody.Read(context, BodyBytesMax, ProtocolJson.Default.BatchRequest);
        var (reply, job) = await batches.Start(Of(body), Requesters.Of(context), context.RequestAborted);
        await (job is null
            ? HttpAnswers.Reply(context, reply)
            : HttpAnswers.Write(context, StatusCodes.Status200OK, Of(job), ProtocolJson.Readable.BatchView));
    }

    public static async Task Show(HttpContext context, BatchService batches)
    {
        var job = await batches.Find(
            RequestNamespace.Of(context), context.Request.Query["id"], context.RequestAborted);
        await (job is null
            ? HttpAnswers.Result(context, StatusCodes.Status404NotFound, ResultWords.Failure, "no such job")
            : HttpAnswers.Show(
                context, Of(job), ProtocolJson.Readable.BatchView, Caller.Has(context, Role.Admin)));
    }

    public static async Task List(HttpContext context, BatchService batches)
    {
        var jobs = await batches.List(RequestNamespace.Of(context), context.RequestAborted);
        await HttpAnswers.Show(
            context,
            new BatchListView { Batches = [.. jobs.Select(Of)] },
            ProtocolJson.Readable.BatchListView,
            Caller.Has(context, Role.Admin));
    }

    public static async Task Stop(HttpContext context, BatchService batches)
    {
        var body = await RequestBody.Read(context, BodyBytesMax, ProtocolJson.Default.BatchName);
        await HttpAnswers.Reply(context, await batches.Stop(body.Id, Requesters.Of(context)));
    }

    /// <summary>A job as all APIs show it.</summary>
    public static BatchView Of(BatchJob job) => new()
    {
        Id = job.Id,
        Operation = job.Operation,
        Filter = job.Filter,
        Gids = job.Gids.Length > 0 ? [.. job.Gids.Select(Namespaces.Plain)] : null,
        DryRun = job.DryRun,
        Limit = job.Limit,
        Reason = job.Reason.Length > 0 ? job.Reason : null,
        By = job.By.Describe(),
        Status = job.Status,
        CreateTime = job.Created.UtcDateTime,
        UpdateTime = job.Updated.UtcDateTime,
        Matched = job.Matched,
        Succeeded = job.Succeeded,
        Rejected = job.Rejected,
        Failed = job.Unavailable,
        LastError = job.LastError.Length > 0 ? job.LastError : null,
        Sample = job.Sample,
    };
}

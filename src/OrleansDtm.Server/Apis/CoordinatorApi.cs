using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Audit;
using OrleansDtm.Grains.Batches;
using OrleansDtm.Grains.Service;
using OrleansDtm.Grains.Watching;
using OrleansDtm.Protocol;
using OrleansDtm.Protocol.Coordination;
using OrleansDtm.Server.Audit;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Telemetry;

namespace OrleansDtm.Server.Apis;

/// <summary>
/// The additional gRPC API for HTTP features that DTM's messages do not have. Only converts requests and responses.
/// </summary>
internal sealed class CoordinatorApi(
    TransactionService transactions, TopicService topics, BatchService batches, ListingGate listings,
    TimeProvider clock)
    : Coordinator.CoordinatorBase
{
    private const string TopicCategory = "topics";
    private static readonly Empty Done = new();

    public override async Task<SubmitReply> Submit(Submission message, ServerCallContext context)
    {
        var request = Read(message, context);
        var reply = await transactions.Submit(request, By(context));
        var awaited = Waits.OfSubmit(request, reply);
        Check(reply, awaited);
        var answer = new SubmitReply();
        foreach (var result in awaited == Awaited.Success ? reply.Results ?? [] : [])
        {
            answer.Results.Add(new StepResult
            {
                BranchId = result.BranchId,
                Result = UnsafeByteOperations.UnsafeWrap(result.Body),
                Omitted = result.Omitted ?? "",
            });
        }

        return answer;
    }

    public override Task<Empty> Prepare(Submission request, ServerCallContext context) =>
        Answer(transactions.Prepare(Read(request, context), By(context)));

    public override async Task<WorkflowReply> PrepareWorkflow(Submission request, ServerCallContext context)
    {
        var (reply, workflow) = await transactions.PrepareWorkflow(
            Read(request, context), By(context), context.CancellationToken);
        Check(reply, Awaited.Nothing);
        var view = TransactionService.View(workflow!);
        return new WorkflowReply { Progress = GrpcAnswers.Of(view), CustomData = view.Transaction.CustomData ?? "" };
    }

    public override async Task<QueryReply> Query(GidRequest request, ServerCallContext context) =>
        CoordinatorMessages.Of(
            await transactions.Query(Space(context), request.Gid, context.CancellationToken), HasSecrets(context));

    public override async Task<QueryReply> Wait(WaitRequest request, ServerCallContext context)
    {
        var seconds = !request.HasTimeout ? WatchApi.WaitSecondsDefault
            : request.Timeout >= 0 ? Math.Min(request.Timeout, WatchApi.WaitSecondsMax)
            : throw new RequestException("timeout", "is not a number of seconds: 0 or more");
        using var leaving = WatchApi.Leaving(context.GetHttpContext());
        try
        {
            var (result, stored) = await transactions.WaitForEnd(
                Space(context), request.Gid, TimeSpan.FromSeconds(seconds), leaving.Token);
            return result switch
            {
                EndWait.NotFound =>
                    throw GrpcAnswers.Error(StatusCode.NotFound, "no such gid", AnswerOutcomes.NotFound),
                EndWait.TooMany => throw GrpcAnswers.Error(
                    StatusCode.Unavailable, "too many requests wait", AnswerOutcomes.Unavailable),
                _ => CoordinatorMessages.Of(transactions.Show(stored!, HasSecrets(context)), HasSecrets(context)),
            };
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            throw GrpcAnswers.Error(
                StatusCode.Unavailable, "the coordinator is stopping", AnswerOutcomes.Unavailable);
        }
    }

    public override Task<ListReply> List(ListFilter request, ServerCallContext context) =>
        listings.Run(
            Space(context),
            async () => CoordinatorMessages.Of(
                await transactions.List(
                    CoordinatorMessages.Of(request, Space(context), clock.GetUtcNow(), HasSecrets(context)),
                    context.CancellationToken),
                HasSecrets(context)),
            context.CancellationToken);

    public override Task<Empty> ForceStop(GidRequest request, ServerCallContext context) =>
        Answer(transactions.ForceStop(new TransactionRequest { Gid = request.Gid }, By(context)));

    public override Task<Empty> RetryNow(GidRequest request, ServerCallContext context) =>
        Answer(transactions.ResetNextCronTime(new TransactionRequest { Gid = request.Gid }, By(context)));

    public override Task<Empty> RetryBranch(BranchRequest request, ServerCallContext context) =>
        Answer(transactions.RetryBranch(request.Gid, request.BranchId, request.Op, By(context)));

    public override async Task<Batch> StartBatch(BatchSubmission request, ServerCallContext context)
    {
        var (reply, job) = await batches.Start(
            CoordinatorMessages.Of(request), By(context), context.CancellationToken);
        Check(reply, Awaited.Nothing);
        return CoordinatorMessages.Of(BatchApi.Of(job!), HasSecrets(context));
    }

    public override async Task<Batch> GetBatch(BatchId request, ServerCallContext context) =>
        await batches.Find(Space(context), request.Id, context.CancellationToken) is { } job
            ? CoordinatorMessages.Of(BatchApi.Of(job), HasSecrets(context))
            : throw GrpcAnswers.Error(StatusCode.NotFound, "no such job", AnswerOutcomes.NotFound);

    public override async Task<BatchesReply> ListBatches(Empty request, ServerCallContext context)
    {
        var secrets = HasSecrets(context);
        var reply = new BatchesReply();
        reply.Batches.AddRange(
            (await batches.List(Space(context), context.CancellationToken)).Select(
                job => CoordinatorMessages.Of(BatchApi.Of(job), secrets)));
        return reply;
    }

    public override Task<Empty> StopBatch(BatchId request, ServerCallContext context) =>
        Answer(batches.Stop(request.Id, By(context)));

    public override async Task<SubscribersReply> Subscribers(TopicRequest request, ServerCallContext context) =>
        CoordinatorMessages.Subscribers(
            await topics.QueryKeyValue(Space(context), TopicCategory, request.Topic, context.CancellationToken),
            HasSecrets(context));

    /// <summary>Only administrators see secret query values of URLs.</summary>
    private static bool HasSecrets(ServerCallContext context) => Caller.Has(context.GetHttpContext(), Role.Admin);

    private static TransactionRequest Read(Submission message, ServerCallContext context)
    {
        var request = GrpcRequests.Of(message);
        HttpTracing.Attach(context.GetHttpContext(), request);
        return request;
    }

    private static string Space(ServerCallContext context) => RequestNamespace.Of(context.GetHttpContext());

    private static Requester By(ServerCallContext context) => Requesters.Of(context.GetHttpContext());

    private static async Task<Empty> Answer(Task<TransactionReply> request)
    {
        Check(await request, Awaited.Nothing);
        return Done;
    }

    /// <summary>DTM's service has one code for an invalid request and an unknown gid; this one has two.</summary>
    private static void Check(TransactionReply reply, Awaited awaited)
    {
        if (reply.Kind == ReplyKind.NotFound)
        {
            throw GrpcAnswers.Error(StatusCode.NotFound, reply.Message, AnswerOutcomes.NotFound);
        }

        GrpcAnswers.Check(reply, awaited);
    }
}

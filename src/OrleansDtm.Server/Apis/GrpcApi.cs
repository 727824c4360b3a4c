using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Audit;
using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol;
using OrleansDtm.Protocol.Wire;
using OrleansDtm.Server.Audit;
using OrleansDtm.Server.Telemetry;

namespace OrleansDtm.Server.Apis;

/// <summary>
/// DTM's gRPC API. Translates only; <see cref="TransactionService"/> and <see cref="TopicService"/> do the work.
/// </summary>
internal sealed class GrpcApi(TransactionService transactions, TopicService topics) : Dtm.DtmBase
{
    private static readonly Empty Done = new();

    public override Task<DtmGidReply> NewGid(Empty request, ServerCallContext context) =>
        Task.FromResult(new DtmGidReply { Gid = GidGenerator.New() });

    public override Task<Empty> Submit(DtmRequest message, ServerCallContext context)
    {
        var request = Read(message, context);
        return Answer(transactions.Submit(request, By(context)), reply => Waits.OfSubmit(request, reply));
    }

    public override Task<Empty> Prepare(DtmRequest request, ServerCallContext context) =>
        Answer(transactions.Prepare(Read(request, context), By(context)));

    public override Task<Empty> Abort(DtmRequest request, ServerCallContext context) =>
        Answer(transactions.Abort(GrpcRequests.Of(request), By(context)), Waits.OfAbort);

    public override Task<Empty> RegisterBranch(DtmBranchRequest request, ServerCallContext context) =>
        Answer(transactions.RegisterBranch(GrpcRequests.Of(request), By(context)));

    public override async Task<DtmProgressesReply> PrepareWorkflow(DtmRequest request, ServerCallContext context)
    {
        var (reply, workflow) = await transactions.PrepareWorkflow(
            Read(request, context), By(context), context.CancellationToken);
        GrpcAnswers.Check(reply);
        return GrpcAnswers.Of(TransactionService.View(workflow!));
    }

    public override Task<Empty> Subscribe(DtmTopicRequest request, ServerCallContext context) =>
        Answer(topics.Subscribe(request.Topic, request.URL, request.Remark, By(context)));

    public override Task<Empty> Unsubscribe(DtmTopicRequest request, ServerCallContext context) =>
        Answer(topics.Unsubscribe(request.Topic, request.URL, By(context)));

    public override Task<Empty> DeleteTopic(DtmTopicRequest request, ServerCallContext context) =>
        Answer(topics.Delete(request.Topic, By(context)));

    private static TransactionRequest Read(DtmRequest message, ServerCallContext context)
    {
        var request = GrpcRequests.Of(message);
        HttpTracing.Attach(context.GetHttpContext(), request);
        return request;
    }

    private static Requester By(ServerCallContext context) => Requesters.Of(context.GetHttpContext());

    private static async Task<Empty> Answer(
        Task<TransactionReply> request, Func<TransactionReply, Awaited>? awaited = null)
    {
        var reply = await request;
        GrpcAnswers.Check(reply, awaited?.Invoke(reply) ?? Awaited.Nothing);
        return Done;
    }
}

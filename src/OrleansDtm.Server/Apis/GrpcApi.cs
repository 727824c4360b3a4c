using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol.Wire;

namespace OrleansDtm.Server.Apis;

/// <summary>DTM's gRPC API. Only translates; what happens is <see cref="TransactionService"/>'s and <see cref="TopicService"/>'s.</summary>
internal sealed class GrpcApi(TransactionService transactions, TopicService topics) : Dtm.DtmBase
{
    private static readonly Empty Done = new();

    public override Task<DtmGidReply> NewGid(Empty request, ServerCallContext context) =>
        Task.FromResult(new DtmGidReply { Gid = GidGenerator.New() });

    public override Task<Empty> Submit(DtmRequest request, ServerCallContext context) =>
        Answer(transactions.Submit(GrpcRequests.Of(request)), waited: request.TransOptions?.WaitResult ?? false);

    public override Task<Empty> Prepare(DtmRequest request, ServerCallContext context) =>
        Answer(transactions.Prepare(GrpcRequests.Of(request)));

    public override Task<Empty> Abort(DtmRequest request, ServerCallContext context) =>
        Answer(transactions.Abort(GrpcRequests.Of(request)));

    public override Task<Empty> RegisterBranch(DtmBranchRequest request, ServerCallContext context) =>
        Answer(transactions.RegisterBranch(GrpcRequests.Of(request)));

    public override async Task<DtmProgressesReply> PrepareWorkflow(DtmRequest request, ServerCallContext context)
    {
        var (reply, workflow) = await transactions.PrepareWorkflow(GrpcRequests.Of(request), context.CancellationToken);
        GrpcAnswers.Check(reply, waited: false);
        return GrpcAnswers.Of(TransactionService.View(workflow!));
    }

    public override Task<Empty> Subscribe(DtmTopicRequest request, ServerCallContext context) =>
        Answer(topics.Subscribe(request.Topic, request.URL, request.Remark));

    public override Task<Empty> Unsubscribe(DtmTopicRequest request, ServerCallContext context) =>
        Answer(topics.Unsubscribe(request.Topic, request.URL));

    public override Task<Empty> DeleteTopic(DtmTopicRequest request, ServerCallContext context) => Answer(topics.Delete(request.Topic));

    private static async Task<Empty> Answer(Task<TransactionReply> reply, bool waited = false)
    {
        GrpcAnswers.Check(await reply, waited);
        return Done;
    }
}

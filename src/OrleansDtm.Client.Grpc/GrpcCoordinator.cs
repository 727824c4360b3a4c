using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Options;
using OrleansDtm.Protocol;
using OrleansDtm.Protocol.Wire;

namespace OrleansDtm.Client.Grpc;

/// <summary>The coordinator over DTM's gRPC API; what that has not goes by HTTP.</summary>
internal sealed class GrpcCoordinator(
    Channels channels, HttpCoordinator http, IOptions<DtmGrpcOptions> grpc, IOptions<DtmOptions> options, TimeProvider clock) : ICoordinator
{
    private readonly Protocol.Wire.Dtm.DtmClient _dtm = new(channels.To(grpc.Value.Server.GetLeftPart(UriPartial.Authority)));

    public string Address { get; } = grpc.Value.Server.Authority;

    public bool CarriesBytes => true;

    public async Task<string> NewGidAsync(CancellationToken cancellationToken) =>
        (await Call("NewGid", null, call => _dtm.NewGidAsync(new Empty(), call), cancellationToken).ConfigureAwait(false)).Gid;

    public Task PrepareAsync(TransactionRequest request, CancellationToken cancellationToken) =>
        Call("Prepare", request.Gid, call => _dtm.PrepareAsync(Message(request), call), cancellationToken);

    public Task SubmitAsync(TransactionRequest request, CancellationToken cancellationToken) => Call(
        "Submit",
        request.Gid,
        call => _dtm.SubmitAsync(Message(request), call),
        cancellationToken,
        request.WaitResult == true ? options.Value.WaitTimeout : null);

    public Task AbortAsync(TransactionRequest request, CancellationToken cancellationToken) =>
        Call("Abort", request.Gid, call => _dtm.AbortAsync(Message(request), call), cancellationToken);

    public Task RegisterBranchAsync(RegisterRequest request, CancellationToken cancellationToken)
    {
        var message = new DtmBranchRequest
        {
            Gid = request.Gid ?? "",
            TransType = request.TransType ?? "",
            BranchID = request.BranchId ?? "",
            BusiPayload = ByteString.CopyFrom(request.Data.Span),
        };
        message.Data.Add(request.Fields.ToDictionary());
        return Call("RegisterBranch", request.Gid, call => _dtm.RegisterBranchAsync(message, call), cancellationToken);
    }

    public async Task<WorkflowProgress> PrepareWorkflowAsync(TransactionRequest request, CancellationToken cancellationToken)
    {
        if (request.QueryPrepared is { } callback && GrpcUrl.Parse(callback) is null)
        {
            throw new InvalidOperationException(
                $"DtmOptions.WorkflowCallback is {callback}; over gRPC it must be host:port/workflow.Workflow/Execute, which {nameof(WorkflowGrpcService)} serves.");
        }

        var reply = await Call("PrepareWorkflow", request.Gid, call => _dtm.PrepareWorkflowAsync(Message(request), call), cancellationToken)
            .ConfigureAwait(false);
        return new WorkflowProgress(
            CoordinatorJson.Status(reply.Transaction?.Status ?? ""),
            reply.Transaction?.RollbackReason ?? "",
            Convert.FromBase64String(reply.Transaction?.Result ?? ""),
            null,
            [.. reply.Progresses.Select(static p => RecordedStep.Of(p.BranchID, p.Op, p.Status, p.BinData.Memory)).OfType<RecordedStep>()]);
    }

    public Task SubscribeAsync(string topic, string url, string remark, CancellationToken cancellationToken) => Call(
        "Subscribe", null, call => _dtm.SubscribeAsync(new DtmTopicRequest { Topic = topic, URL = url, Remark = remark }, call), cancellationToken);

    public Task UnsubscribeAsync(string topic, string url, CancellationToken cancellationToken) =>
        Call("Unsubscribe", null, call => _dtm.UnsubscribeAsync(new DtmTopicRequest { Topic = topic, URL = url }, call), cancellationToken);

    public Task DeleteTopicAsync(string topic, CancellationToken cancellationToken) =>
        Call("DeleteTopic", null, call => _dtm.DeleteTopicAsync(new DtmTopicRequest { Topic = topic }, call), cancellationToken);

    public Task<TransactionInfo?> QueryAsync(string gid, CancellationToken cancellationToken) => http.QueryAsync(gid, cancellationToken);

    public Task<TransactionPage> ListAsync(TransactionFilter filter, CancellationToken cancellationToken) => http.ListAsync(filter, cancellationToken);

    public Task ForceStopAsync(string gid, CancellationToken cancellationToken) => http.ForceStopAsync(gid, cancellationToken);

    public Task RetryNowAsync(string gid, CancellationToken cancellationToken) => http.RetryNowAsync(gid, cancellationToken);

    public Task RetryBranchAsync(string gid, string branchId, string op, CancellationToken cancellationToken) =>
        http.RetryBranchAsync(gid, branchId, op, cancellationToken);

    public Task<IReadOnlyList<TopicSubscriber>> SubscribersAsync(string topic, CancellationToken cancellationToken) =>
        http.SubscribersAsync(topic, cancellationToken);

    private static DtmRequest Message(TransactionRequest request)
    {
        if (request.Concurrent == true || request.CallbackUrl is not null)
        {
            throw new NotSupportedException("DTM's gRPC API has neither concurrent messages nor a callback URL: submit it over HTTP.");
        }

        var message = new DtmRequest
        {
            Gid = request.Gid ?? "",
            TransType = request.TransType ?? "",
            TransOptions = new DtmTransOptions
            {
                WaitResult = request.WaitResult ?? false,
                TimeoutToFail = Seconds(request.TimeoutToFail),
                RetryInterval = Seconds(request.RetryInterval),
                RequestTimeout = Seconds(request.RequestTimeout),
                RetryLimit = request.RetryLimit ?? 0,
            },
            CustomedData = request.CustomData ?? "",
            QueryPrepared = request.QueryPrepared ?? "",
            Steps = request.Steps is null ? "" : JsonSerializer.Serialize(request.Steps, HttpCoordinator.Written.ListStepRequest),
            RollbackReason = request.RollbackReason ?? "",
        };
        message.BinPayloads.AddRange((request.BinPayloads ?? []).Select(static payload => ByteString.CopyFrom(payload.Span)));
        Add(message.TransOptions.BranchHeaders, request.BranchHeaders);
        Add(message.ReqExtra, request.ReqExtra);
        return message;
    }

    private static void Add(MapField<string, string> map, Dictionary<string, string?>? values)
    {
        foreach (var (name, value) in values ?? [])
        {
            map[name] = value ?? "";
        }
    }

    private Metadata? Proof() => options.Value.ApiKey is { Length: > 0 } key ? new Metadata { { "authorization", "Bearer " + key } } : null;

    private static long Seconds(double? seconds) => (long)Math.Ceiling(seconds ?? 0);

    private async Task<T> Call<T>(
        string api, string? gid, Func<CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancellationToken, TimeSpan? limit = null)
    {
        var patience = limit ?? options.Value.RequestTimeout;
        using var late = new CancellationTokenSource(patience, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            using var calling = call(new CallOptions(Proof(), cancellationToken: both.Token));
            return await calling.ResponseAsync.ConfigureAwait(false);
        }
        catch (RpcException e) when (!both.IsCancellationRequested)
        {
            throw GrpcStatuses.Refusal(e, api, gid);
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var why = string.Create(CultureInfo.InvariantCulture, $"no answer within {patience.TotalSeconds} s");
            throw new DtmUnavailableException($"The coordinator at {Address} cannot be asked: {why}", e) { Gid = gid, Reason = why };
        }
    }
}

using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using OrleansDtm.Protocol.Wire;
using OrleansDtm.Tests.Support.Grpc;
using Xunit;
using DtmClient = OrleansDtm.Protocol.Wire.Dtm.DtmClient;

namespace OrleansDtm.WireTests.Grpc;

/// <summary>A client of the coordinator's gRPC API.</summary>
public sealed class GrpcDtm(string url) : IDisposable
{
    private readonly GrpcChannel _channel = GrpcChannel.ForAddress(url);

    /// <summary>All 256 byte values.</summary>
    public static byte[] AllBytes { get; } = [.. Enumerable.Range(0, 256).Select(static i => (byte)i)];

    public GrpcChannel Channel => _channel;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private DtmClient Client => new(_channel);

    public static string NewGid() => "grpc-" + Guid.NewGuid().ToString("N");

    /// <summary>Builds a saga whose step n is Act{n} and Comp{n} of a participant.</summary>
    public static DtmRequest Saga(string gid, GrpcParticipant busi, int steps = 2)
    {
        var request = new DtmRequest
        {
            Gid = gid,
            TransType = "saga",
            TransOptions = new DtmTransOptions { RetryInterval = 1 },
        };
        request.Steps = JsonSerializer.Serialize(
            Enumerable.Range(1, steps).Select(i => new Dictionary<string, string>
            {
                ["action"] = busi.Url($"Act{i}"),
                ["compensate"] = busi.Url($"Comp{i}"),
            }));
        request.BinPayloads.AddRange(Enumerable.Repeat(ByteString.CopyFrom(AllBytes), steps));
        return request;
    }

    public static DtmRequest Waiting(DtmRequest request)
    {
        (request.TransOptions ??= new DtmTransOptions()).WaitResult = true;
        return request;
    }

    public async Task<string> Gid() => (await Client.NewGidAsync(new(), cancellationToken: Cancel)).Gid;

    public Task Submit(DtmRequest request) => Client.SubmitAsync(request, cancellationToken: Cancel).ResponseAsync;

    public Task Prepare(DtmRequest request) => Client.PrepareAsync(request, cancellationToken: Cancel).ResponseAsync;

    public Task Abort(DtmRequest request) => Client.AbortAsync(request, cancellationToken: Cancel).ResponseAsync;

    public Task Register(DtmBranchRequest request) =>
        Client.RegisterBranchAsync(request, cancellationToken: Cancel).ResponseAsync;

    public Task<DtmProgressesReply> Workflow(DtmRequest request) =>
        Client.PrepareWorkflowAsync(request, cancellationToken: Cancel).ResponseAsync;

    public Task Subscribe(string topic, string url) =>
        Client.SubscribeAsync(
            new DtmTopicRequest { Topic = topic, URL = url, Remark = "test" }, cancellationToken: Cancel).ResponseAsync;

    public Task Unsubscribe(string topic, string url) =>
        Client.UnsubscribeAsync(
            new DtmTopicRequest { Topic = topic, URL = url }, cancellationToken: Cancel).ResponseAsync;

    public Task DeleteTopic(string topic) =>
        Client.DeleteTopicAsync(new DtmTopicRequest { Topic = topic }, cancellationToken: Cancel).ResponseAsync;

    /// <summary>Asserts that a call ends with a status.</summary>
    /// <returns>The status's message.</returns>
    public static async Task<string> Fails(StatusCode code, Task call)
    {
        var e = await Assert.ThrowsAsync<RpcException>(() => call);
        Assert.True(e.StatusCode == code, $"expected {code}, got {e.Status}");
        return e.Status.Detail;
    }

    public void Dispose() => _channel.Dispose();
}

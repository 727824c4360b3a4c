using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Grpc.Core;
using Grpc.Net.Client;
using OrleansDtm.Protocol.Wire;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using DtmClient = OrleansDtm.Protocol.Wire.Dtm.DtmClient;

namespace OrleansDtm.WireTests.Security;

/// <summary>The limits of one key: requests in flight, and unfinished transactions. Other keys do not notice.</summary>
public sealed class CallerLimitTests(SecuredServer server) : IClassFixture<SecuredServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_in_flight_are_bounded_and_others_are_served()
    {
        await using var busi = await Participant.Start();
        var gate = new Gate();
        busi.On("/Act1", Reply.Success.After(gate));
        var waiting = Http("submit", server.Narrow, Waiting(busi));
        await busi.Called("/Act1");

        var (status, text) = await Http("prepare", server.Narrow, Tcc());
        Assert.Equal(HttpStatusCode.TooManyRequests, status);
        Assert.Contains("'narrow' has 1 requests in flight", text, StringComparison.Ordinal);
        Assert.Contains("inflight=", text, StringComparison.Ordinal);
        Assert.DoesNotContain("FAILURE", text, StringComparison.Ordinal);
        Assert.Equal(StatusCode.ResourceExhausted, (await Grpc(server.Narrow)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await Http("prepare", server.Submit, Tcc())).Status);

        gate.Open();
        Assert.Equal(HttpStatusCode.OK, (await waiting).Status);
        Assert.Equal(HttpStatusCode.OK, (await Http("prepare", server.Narrow, Tcc())).Status);
    }

    [Fact]
    public async Task Unfinished_transactions_are_bounded_by_every_api_until_one_has_ended()
    {
        var first = Tcc();
        Assert.Equal(HttpStatusCode.OK, (await Http("prepare", server.Few, first)).Status);
        Assert.Equal(HttpStatusCode.OK, (await Http("prepare", server.Few, Tcc())).Status);

        var (status, text) = await Http("prepare", server.Few, Tcc());
        Assert.Equal(HttpStatusCode.TooManyRequests, status);
        Assert.Contains("'few' has 2 unfinished transactions", text, StringComparison.Ordinal);
        Assert.Contains("unfinished=", text, StringComparison.Ordinal);
        Assert.Equal(StatusCode.ResourceExhausted, (await Grpc(server.Few)).StatusCode);
        var rpc = await Http("/api/json-rpc", server.Few, new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["id"] = "1",
            ["method"] = "prepare",
            ["params"] = Tcc(),
        });
        Assert.Contains("unfinished transactions", rpc.Text, StringComparison.Ordinal);

        // A repetition is no new transaction, and a refused one frees nothing.
        Assert.Equal(HttpStatusCode.OK, (await Http("prepare", server.Few, first)).Status);
        var other = first.DeepClone().AsObject();
        other["trans_type"] = "xa";
        Assert.NotEqual(HttpStatusCode.OK, (await Http("prepare", server.Few, other)).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await Http("prepare", server.Few, Tcc())).Status);

        Assert.Equal(HttpStatusCode.OK, (await Http("abort", server.Few, first)).Status);
        await Poll.Until(
            async () => (await Http("prepare", server.Few, Tcc())).Status == HttpStatusCode.OK,
            Poll.Patience,
            static () => "no place became free",
            Cancel);
    }

    private static JsonObject Tcc() => new()
    {
        ["gid"] = SagaBody.NewGid(),
        ["trans_type"] = "tcc",
        ["timeout_to_fail"] = 3600,
    };

    private static JsonObject Waiting(Participant busi) =>
        SagaBody.Of(SagaBody.NewGid(), busi, 1).With("wait_result", true).With("request_timeout", 60);

    private async Task<RpcException> Grpc(string key)
    {
        using var channel = GrpcChannel.ForAddress(server.GrpcUrl);
        return await Assert.ThrowsAsync<RpcException>(async () => await new DtmClient(channel).PrepareAsync(
            new DtmRequest { Gid = SagaBody.NewGid(), TransType = "tcc" },
            new Metadata { { "x-api-key", key } },
            cancellationToken: Cancel));
    }

    private async Task<(HttpStatusCode Status, string Text)> Http(string path, string key, JsonObject body)
    {
        using var http = new HttpClient { BaseAddress = server.Url };
        using var request = new HttpRequestMessage(
            HttpMethod.Post, path.StartsWith('/') ? path : "/api/dtmsvr/" + path);
        request.Headers.Add("X-Api-Key", key);
        request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var answer = await http.SendAsync(request, Cancel);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancel));
    }
}

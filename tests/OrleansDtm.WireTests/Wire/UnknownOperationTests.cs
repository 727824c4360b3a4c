using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>What the exception of an SDK of another version contains.</summary>
[Collection(SharedServer.Name)]
public sealed class UnknownOperationTests(RunningServer running)
{
    private const string Advice = " is not an operation of OrleansDtm 0.1.0. The SDK is of another version, or its "
        + "address is wrong: update the older of the two, or correct the address. /docs lists the operations. "
        + "[ODTM4013]";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Over_HTTP_the_answer_names_the_path_and_what_to_do()
    {
        using var http = new HttpClient { BaseAddress = new Uri(running.Process.Url) };
        using var answer = await http.PostAsync(new Uri("/api/dtmsvr/sub mit", UriKind.Relative), null, Cancel);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("/api/dtmsvr/sub%20mit" + Advice, await answer.Content.ReadAsStringAsync(Cancel));
    }

    [Fact]
    public async Task Over_gRPC_too()
    {
        using var channel = GrpcChannel.ForAddress(running.Process.GrpcUrl);
        var bytes = Marshallers.Create(static (byte[] message) => message, static message => message);
        var old = new Method<byte[], byte[]>(MethodType.Unary, "dtmgrpc.Dtm", "Submit", bytes, bytes);
        var error = await Assert.ThrowsAsync<RpcException>(async () => await channel.CreateCallInvoker()
            .AsyncUnaryCall(old, null, new CallOptions(cancellationToken: Cancel), []));
        Assert.Equal(StatusCode.Unimplemented, error.StatusCode);
        Assert.Equal("/dtmgrpc.Dtm/Submit" + Advice, error.Status.Detail);
    }
}

using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1Alpha;
using OrleansDtm.Tests.Support.Grpc;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Grpc;

/// <summary>The gRPC port itself: health, reflection, and clients that violate HTTP/2 or gRPC.</summary>
[Collection(SharedServer.Name)]
public sealed class GrpcServiceTests(RunningServer running) : IDisposable
{
    private readonly GrpcDtm _grpc = new(running.Process.GrpcUrl);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _grpc.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("dtmgimp.Dtm")]
    [InlineData("orleansdtm.Coordinator")]
    public async Task It_is_serving(string service)
    {
        var health = new Health.HealthClient(_grpc.Channel);
        var answer = await health.CheckAsync(new HealthCheckRequest { Service = service }, cancellationToken: Cancel);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, answer.Status);
    }

    [Theory]
    [InlineData("dtmgimp.Dtm")]
    [InlineData("orleansdtm.Coordinator")]
    public async Task Reflection_lists_the_service_and_describes_it(string service)
    {
        using var call = new ServerReflection.ServerReflectionClient(_grpc.Channel).ServerReflectionInfo(
            cancellationToken: Cancel);
        await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" }, Cancel);
        Assert.True(await call.ResponseStream.MoveNext(Cancel));
        Assert.Contains(call.ResponseStream.Current.ListServicesResponse.Service, s => s.Name == service);

        await call.RequestStream.WriteAsync(new ServerReflectionRequest { FileContainingSymbol = service }, Cancel);
        Assert.True(await call.ResponseStream.MoveNext(Cancel));
        Assert.NotEmpty(call.ResponseStream.Current.FileDescriptorResponse.FileDescriptorProto);
        await call.RequestStream.CompleteAsync();
    }

    [Fact]
    public async Task An_unknown_method_is_unimplemented()
    {
        var bytes = Marshallers.Create(static (byte[] b) => b, static b => b);
        var method = new Method<byte[], byte[]>(MethodType.Unary, "dtmgimp.Dtm", "Nonsense", bytes, bytes);
        using var call = _grpc.Channel.CreateCallInvoker().AsyncUnaryCall(method, null, default, []);
        await GrpcDtm.Fails(StatusCode.Unimplemented, call.ResponseAsync);
    }

    /// <summary>The port serves only gRPC methods, whatever the content type of the request is.</summary>
    [Theory]
    [InlineData("/api/dtmsvr/newGid", null)]
    [InlineData("/api/dtmsvr/newGid", "application/grpc")]
    [InlineData("/api/metrics", "application/grpc")]
    [InlineData("/health/ready", "application/grpc")]
    [InlineData("/", "application/grpc")]
    [InlineData("/ui/api/overview", "application/grpc")]
    [InlineData("/ui/session", "application/grpc")]
    [InlineData("/ui/app.js", "application/grpc")]
    [InlineData("/nowhere", "application/grpc")]
    public async Task Neither_the_HTTP_API_nor_the_page_is_on_this_port(string path, string? type)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, running.Process.GrpcUrl + path)
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent([]),
        };
        request.Content.Headers.ContentType = type is null ? null : new(type);
        using var answer = await http.SendAsync(request, Cancel);

        Assert.Equal(System.Net.HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
        Assert.Contains(
            "this port speaks gRPC", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    /// <summary>A POST with a gRPC content type gets a gRPC status.</summary>
    [Theory]
    [InlineData("/api/dtmsvr/submit", "application/grpc")]
    [InlineData("/api/dtmsvr/prepare", "application/grpc+proto")]
    [InlineData("/api/dtmsvr/submit", "application/grpc-web")]
    [InlineData("/api/json-rpc", "application/grpc")]
    [InlineData("/ui/session", "application/grpc")]
    [InlineData("/nowhere", "application/grpc")]
    public async Task What_is_posted_there_as_a_gRPC_call_is_no_method_and_does_nothing(string path, string type)
    {
        await using var busi = await Participant.Start();
        var gid = GrpcDtm.NewGid();
        var saga = SagaBody.Of(gid, busi);
        var body = path == "/api/json-rpc"
            ? new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = "submit", ["params"] = saga }
            : saga;
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, running.Process.GrpcUrl + path)
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new StringContent(body.ToJsonString(), new MediaTypeHeaderValue(type)),
        };
        using var answer = await http.SendAsync(request, Cancel);

        Assert.Equal(System.Net.HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(["12"], answer.Headers.GetValues("grpc-status"));
        Assert.False(answer.Headers.Contains("Set-Cookie"));
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync(Cancel));
        Assert.Null(await running.Dtm.Transaction(gid));
        Assert.Empty(busi.Calls);
    }

    public static TheoryData<string> Rubbish() => [.. RawHttp2.Rubbish.Keys];

    [Theory]
    [MemberData(nameof(Rubbish))]
    public async Task Who_sends_rubbish_loses_the_connection_and_nobody_else_does(string what)
    {
        await _grpc.Gid(); // a connection from before
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", new Uri(running.Process.GrpcUrl).Port, Cancel);
        var stream = client.GetStream();
        await stream.WriteAsync(RawHttp2.Rubbish[what], Cancel);

        await RawHttp2.Closes(stream, Cancel);

        Assert.NotEmpty(await _grpc.Gid());
    }

    [Fact]
    public async Task Who_floods_it_with_resets_loses_the_connection_while_others_are_served()
    {
        await using var busi = await GrpcParticipant.Start();
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", new Uri(running.Process.GrpcUrl).Port, Cancel);
        var stream = client.GetStream();
        var closed = RawHttp2.Closes(stream, Cancel);

        var flood = RawHttp2.Flood(stream, closed, Cancel);
        for (var i = 0; i < 5; i++)
        {
            await _grpc.Submit(GrpcDtm.Waiting(GrpcDtm.Saga(GrpcDtm.NewGid(), busi)));
        }

        await flood;
        await closed;
        Assert.Equal(10, busi.Calls.Count);
        Assert.NotEmpty(await _grpc.Gid());
    }
}

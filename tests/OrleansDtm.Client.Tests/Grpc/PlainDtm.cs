using System.Net;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansDtm.Protocol.Wire;
using Xunit;
using DtmApi = OrleansDtm.Protocol.Wire.Dtm;

namespace OrleansDtm.Client.Tests.Grpc;

/// <summary>
/// A coordinator that behaves like DTM's own over gRPC: only DTM's service, and no trailers unless a test adds them.
/// </summary>
public sealed class PlainDtm : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PlainDtm(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.Single());

    /// <summary>The prepare and submit requests so far.</summary>
    public IReadOnlyList<DtmRequest> Requests => _app.Services.GetRequiredService<Api>().Requests;

    /// <param name="submitted">The status of each submit; null = OK.</param>
    /// <param name="trailers">The trailers of that status; null = none, as in DTM.</param>
    public static async Task<PlainDtm> Start(Status? submitted = null, Metadata? trailers = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(
            static kestrel => kestrel.Listen(
                IPAddress.Loopback, 0, static port => port.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(new Api(submitted ?? Status.DefaultSuccess, trailers ?? []));
        var app = builder.Build();
        app.MapGrpcService<Api>();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new PlainDtm(app);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }

    private sealed class Api(Status submitted, Metadata trailers) : DtmApi.DtmBase
    {
        private readonly List<DtmRequest> _requests = [];

        public IReadOnlyList<DtmRequest> Requests => _requests;

        public override Task<Empty> Prepare(DtmRequest request, ServerCallContext context) =>
            Take(request, Status.DefaultSuccess);

        public override Task<Empty> Submit(DtmRequest request, ServerCallContext context) => Take(request, submitted);

        public override Task<DtmProgressesReply> PrepareWorkflow(DtmRequest request, ServerCallContext context) =>
            Task.FromResult(new DtmProgressesReply
            {
                Transaction = new DtmTransaction { Gid = request.Gid, Status = "prepared" },
            });

        private Task<Empty> Take(DtmRequest request, Status status)
        {
            _requests.Add(request);
            return status.StatusCode == StatusCode.OK
                ? Task.FromResult(new Empty())
                : throw new RpcException(status, trailers);
        }
    }
}

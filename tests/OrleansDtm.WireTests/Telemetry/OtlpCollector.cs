using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Telemetry;

/// <summary>An OTLP receiver: gRPC on one port, HTTP with protobuf on the other.</summary>
public sealed class OtlpCollector : IAsyncDisposable
{
    private const int PrefixBytes = 5;

    private readonly ConcurrentQueue<OtlpSpan> _spans = new();
    private readonly ConcurrentQueue<(string Path, string Text)> _others = new();
    private readonly WebApplication _app;

    private OtlpCollector()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http1);
        });
        _app = builder.Build();
        _app.Run(Take);
    }

    public string GrpcUrl => _app.Urls.First();

    public string HttpUrl => _app.Urls.Last();

    public IReadOnlyCollection<OtlpSpan> Spans => _spans;

    /// <summary>Requests other than traces: the path, and the readable part of the content.</summary>
    public IReadOnlyCollection<(string Path, string Text)> Others => _others;

    public static async Task<OtlpCollector> Start()
    {
        var collector = new OtlpCollector();
        await collector._app.StartAsync(TestContext.Current.CancellationToken);
        return collector;
    }

    public IReadOnlyList<OtlpSpan> Of(string gid) => [.. _spans.Where(span => span["orleansdtm.gid"] == gid)];

    /// <summary>Waits until the received spans satisfy the condition.</summary>
    public async Task<IReadOnlyList<OtlpSpan>> Until(Func<IReadOnlyList<OtlpSpan>, bool> enough, string gid)
    {
        await Poll.Until(
            () => Task.FromResult(enough(Of(gid))),
            Poll.Patience,
            () => $"of {gid} came only:\n{string.Join('\n', Of(gid))}",
            TestContext.Current.CancellationToken);
        return Of(gid);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }

    private async Task Take(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var isGrpc = context.Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) == true;
        var message = isGrpc ? body.ToArray()[PrefixBytes..] : body.ToArray();
        var path = context.Request.Path.Value ?? "";
        if (path is "/v1/traces" or "/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        {
            foreach (var span in OtlpReader.Read(message))
            {
                _spans.Enqueue(span);
            }
        }
        else
        {
            _others.Enqueue((path, System.Text.Encoding.UTF8.GetString(message)));
        }

        if (!isGrpc)
        {
            context.Response.ContentType = "application/x-protobuf";
            return; // An empty message means that all spans were accepted.
        }

        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(new byte[PrefixBytes], context.RequestAborted);
        context.Response.AppendTrailer("grpc-status", "0");
    }
}

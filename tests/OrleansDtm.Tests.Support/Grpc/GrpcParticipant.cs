using System.Net;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Tests.Support.Grpc;

/// <summary>A call that a gRPC branch service received.</summary>
/// <param name="Path">The path of the request.</param>
/// <param name="Metadata">The headers.</param>
/// <param name="Payload">The message.</param>
/// <param name="Certificate">The subject of the caller's certificate; null = it sent none.</param>
public sealed record GrpcCall(
    string Path, IReadOnlyDictionary<string, string> Metadata, byte[] Payload, string? Certificate = null)
{
    public string Gid => Metadata.GetValueOrDefault("dtm-gid", "");

    public string Branch => Metadata.GetValueOrDefault("dtm-branch_id", "");

    public string Op => Metadata.GetValueOrDefault("dtm-op", "");
}

/// <summary>The response to a call.</summary>
public sealed record GrpcReply(StatusCode Status, string Message = "", byte[]? Body = null)
{
    public static readonly GrpcReply Success = new(StatusCode.OK);

    public static readonly GrpcReply Failure = new(StatusCode.Aborted, "no money");

    public static readonly GrpcReply Ongoing = new(StatusCode.FailedPrecondition, "not yet");

    public static readonly GrpcReply Error = new(StatusCode.Unavailable, "boom");

    /// <summary>The retry pushback in milliseconds, as the service sends it; null = none.</summary>
    public string? Pushback { get; init; }

    /// <summary>The response is sent when the gate is open; null = at once.</summary>
    public Gate? Gate { get; init; }
}

/// <summary>
/// A gRPC branch service that accepts any method. It reads the frames itself, so the test does not depend on the gRPC
/// library under test.
/// </summary>
public sealed class GrpcParticipant : IAsyncDisposable
{
    private const int PrefixBytes = 5;

    private readonly Lock _lock = new();
    private readonly List<GrpcCall> _calls = [];
    private readonly Dictionary<string, Queue<GrpcReply>> _scripts = new(StringComparer.Ordinal);
    private readonly WebApplication _app;

    private GrpcParticipant(X509Certificate2? certificate)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            if (certificate is not null)
            {
                listen.UseHttps(certificate, static https =>
                {
                    https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                    https.AllowAnyClientCertificate();
                });
            }
        }));
        builder.Services.Configure<HostOptions>(static o => o.ShutdownTimeout = TimeSpan.FromSeconds(1));
        _app = builder.Build();
        _app.Run(Serve);
    }

    /// <summary>host:port</summary>
    public string Host { get; private set; } = "";

    /// <summary>Every call so far, in the order of arrival.</summary>
    public IReadOnlyList<GrpcCall> Calls
    {
        get
        {
            lock (_lock)
            {
                return [.. _calls];
            }
        }
    }

    public static async Task<GrpcParticipant> Start(X509Certificate2? certificate = null)
    {
        var participant = new GrpcParticipant(certificate);
        await participant._app.StartAsync(TestContext.Current.CancellationToken);
        participant.Host = new Uri(participant._app.Urls.Single()).Authority;
        return participant;
    }

    /// <summary>Returns the timeout in grpc-timeout; zero = there is none.</summary>
    public static TimeSpan TimeoutOf(GrpcCall call)
    {
        var text = call.Metadata.GetValueOrDefault("grpc-timeout", "0S");
        var count = long.Parse(text.AsSpan(0, text.Length - 1), System.Globalization.CultureInfo.InvariantCulture);
        return text[^1] switch
        {
            'H' => TimeSpan.FromHours(count),
            'M' => TimeSpan.FromMinutes(count),
            'S' => TimeSpan.FromSeconds(count),
            'm' => TimeSpan.FromMilliseconds(count),
            'u' => TimeSpan.FromMicroseconds(count),
            _ => TimeSpan.FromTicks(count / 100),
        };
    }

    /// <summary>Returns the URL of a method in the form that submitters use.</summary>
    public string Url(string method) => $"{Host}/test.Busi/{method}";

    /// <summary>
    /// Sets the responses of a method, one for each call; the last one stays. Without responses: success.
    /// </summary>
    public void On(string method, params GrpcReply[] replies)
    {
        lock (_lock)
        {
            _scripts["/test.Busi/" + method] = new Queue<GrpcReply>(replies);
        }
    }

    public IReadOnlyList<GrpcCall> On(string method) =>
        [.. Calls.Where(c => c.Path.EndsWith("/" + method, StringComparison.Ordinal))];

    /// <summary>Waits for the nth call of a method.</summary>
    public async Task<GrpcCall> Called(string method, int nth = 1)
    {
        await Poll.Until(
            () => Task.FromResult(On(method).Count >= nth),
            Poll.Patience,
            () => $"call {nth} of {method} did not come; there were: "
                + $"{string.Join(", ", Calls.Select(static c => c.Path))}",
            TestContext.Current.CancellationToken);
        return On(method)[nth - 1];
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }

    private async Task Serve(HttpContext context)
    {
        try
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            var reply = Take(context.Request, body.ToArray()[PrefixBytes..]);
            if (reply.Gate is { } gate)
            {
                await gate.Opened.WaitAsync(context.RequestAborted);
            }

            context.Response.ContentType = "application/grpc";
            var status = ((int)reply.Status).ToString(System.Globalization.CultureInfo.InvariantCulture);
            if (reply.Status != StatusCode.OK)
            {
                context.Response.Headers["grpc-status"] = status;
                if (reply.Pushback is { } pushback)
                {
                    context.Response.Headers["grpc-retry-pushback-ms"] = pushback;
                }

                context.Response.Headers["grpc-message"] = Uri.EscapeDataString(reply.Message);
                return;
            }

            var message = reply.Body ?? [];
            var frame = new byte[PrefixBytes + message.Length];
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
            message.CopyTo(frame, PrefixBytes);
            await context.Response.Body.WriteAsync(frame, context.RequestAborted);
            context.Response.AppendTrailer("grpc-status", status);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            context.Abort(); // The caller's timeout is over, or the test has ended.
        }
    }

    private GrpcReply Take(HttpRequest request, byte[] payload)
    {
        lock (_lock)
        {
            _calls.Add(new GrpcCall(
                request.Path.Value ?? "",
                request.Headers.ToDictionary(
                    static h => h.Key, static h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase),
                payload,
                request.HttpContext.Connection.ClientCertificate?.Subject));
            return _scripts.TryGetValue(request.Path.Value ?? "", out var script)
                ? script.Count > 1 ? script.Dequeue() : script.Peek()
                : GrpcReply.Success;
        }
    }
}

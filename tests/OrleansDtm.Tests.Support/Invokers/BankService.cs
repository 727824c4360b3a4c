using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace OrleansDtm.Tests.Support.Invokers;

/// <summary>A call as the service received it.</summary>
internal sealed record SeenCall(
    string Method, string Path, string Query, string Host, IHeaderDictionary Headers, byte[] Body,
    string Protocol = "");

/// <summary>A service on a free port whose responses the test determines.</summary>
internal sealed class BankService : IAsyncDisposable
{
    private readonly WebApplication _app;

    private BankService(WebApplication app) => _app = app;

    /// <summary>http://127.0.0.1:port</summary>
    public string Url => _app.Urls.Single();

    public List<SeenCall> Seen { get; } = [];

    public Func<HttpContext, Task> Answer { get; set; } = static _ => Task.CompletedTask;

    /// <param name="protocols">The HTTP versions that it supports.</param>
    /// <param name="certificate">The service's certificate; null = no TLS.</param>
    public static async Task<BankService> Start(
        HttpProtocols protocols = HttpProtocols.Http1, X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = protocols;
            if (certificate is not null)
            {
                listen.UseHttps(certificate);
            }
        }));
        var service = new BankService(builder.Build());
        service._app.Run(service.Handle);
        await service._app.StartAsync();
        return service;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task Handle(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var request = context.Request;
        var seen = new SeenCall(
            request.Method,
            request.Path,
            request.QueryString.Value ?? "",
            request.Host.Value ?? "",
            new HeaderDictionary(request.Headers.ToDictionary(StringComparer.OrdinalIgnoreCase)),
            body.ToArray(),
            request.Protocol);
        lock (Seen)
        {
            Seen.Add(seen);
        }

        await Answer(context);
    }
}

/// <summary>Accepts one connection and sends bytes that need not be HTTP.</summary>
internal sealed class RawService : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    /// <param name="answer">Sent when the request has arrived.</param>
    /// <param name="again">Sent repeatedly after that, until the other side closes the connection.</param>
    public RawService(string answer, string again = "")
    {
        _listener.Start();
        Served = Serve(Encoding.ASCII.GetBytes(answer), Encoding.ASCII.GetBytes(again));
    }

    public string Url => $"http://{_listener.LocalEndpoint}";

    public Task Served { get; }

    public void Dispose() => _listener.Dispose();

    private async Task Serve(byte[] answer, byte[] again)
    {
        using var client = await _listener.AcceptTcpClientAsync();
        var stream = client.GetStream();
        _ = await stream.ReadAsync(new byte[64 * 1024]);
        try
        {
            await stream.WriteAsync(answer);
            while (again.Length > 0)
            {
                await stream.WriteAsync(again);
            }
        }
        catch (IOException)
        {
            // The other side has closed the connection.
        }
    }
}

using System.Net;
using System.Net.Sockets;

namespace OrleansDtm.Samples.QuickStart;

/// <summary>The coordinator's URL. If no coordinator runs, one is started in this process.</summary>
internal sealed class Coordinator : IAsyncDisposable
{
    private const int UsualPort = 36789;
    private const int UsualGrpcPort = 36790;
    private readonly WebApplication? _own;

    private Coordinator(Uri url, WebApplication? own) => (Url, _own) = (url, own);

    public Uri Url { get; }

    public static async Task<Coordinator> Find(Uri? given, string directory)
    {
        var usual = new Uri($"http://localhost:{UsualPort}");
        var url = given ?? usual;
        if (await IsCoordinator(url))
        {
            Console.WriteLine($"Coordinator   {url} (already running)");
            return new Coordinator(url, null);
        }

        if (given is not null)
        {
            throw new DemoException($"no coordinator responds at {url}api/ping");
        }

        var port = UsualPort;
        if (!IsFree(port))
        {
            port = FreePort();
            Console.WriteLine($"Port {UsualPort} is in use by another program ({usual}api/ping does not respond): "
                + $"using {port} instead.");
        }

        var own = Server.CoordinatorApp.Build(
        [
            $"--HTTP_PORT={port}",
            $"--GRPC_PORT={(IsFree(UsualGrpcPort) ? UsualGrpcPort : FreePort())}",
            $"--STORE_PATH={Path.Combine(directory, "coordinator.db")}",
            "--LOG_LEVEL=warn",
        ]);
        await own.StartAsync();
        url = new Uri($"http://127.0.0.1:{port}");
        Console.WriteLine($"Coordinator   {url} (started in this process)");
        return new Coordinator(url, own);
    }

    public async ValueTask DisposeAsync()
    {
        if (_own is not null)
        {
            await _own.StopAsync();
            await _own.DisposeAsync();
        }
    }

    private static async Task<bool> IsCoordinator(Uri url)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(3) };
        try
        {
            return (await http.GetStringAsync(new Uri(url, "/api/ping"))).Contains("pong", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Checks all addresses, as the coordinator listens on them.</summary>
    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Any, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>An error that the user of the demo must correct.</summary>
internal sealed class DemoException(string message) : Exception(message);

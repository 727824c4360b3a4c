using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace OrleansDtm.Samples.QuickStart;

/// <summary>The coordinator as a client sees it: a few JSON requests. Where none runs yet, one is started in this process.</summary>
internal sealed class Coordinator : IAsyncDisposable
{
    private const int UsualPort = 36789;
    private const int UsualGrpcPort = 36790;
    private readonly HttpClient _http;
    private readonly WebApplication? _own;

    private Coordinator(Uri url, WebApplication? own)
    {
        _http = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromSeconds(30) };
        _own = own;
    }

    public static async Task<Coordinator> Find(Uri? given, string directory, CancellationToken stop)
    {
        var usual = new Uri($"http://localhost:{UsualPort}");
        var url = given ?? usual;
        if (await IsCoordinator(url, stop))
        {
            Console.WriteLine($"Coordinator   {url} (was running already)");
            return new Coordinator(url, null);
        }

        if (given is not null)
        {
            throw new DemoException($"no coordinator answers {url}api/ping");
        }

        var port = UsualPort;
        if (!IsFree(port))
        {
            port = FreePort();
            Console.WriteLine($"Port {UsualPort} is taken by a program that is not a coordinator (it does not answer {usual}api/ping): using {port} instead.");
        }

        var own = Server.CoordinatorApp.Build(
        [
            $"--HTTP_PORT={port}",
            $"--GRPC_PORT={(IsFree(UsualGrpcPort) ? UsualGrpcPort : FreePort())}",
            $"--STORE_PATH={Path.Combine(directory, "coordinator.db")}",
            "--LOG_LEVEL=warn",
        ]);
        await own.StartAsync(stop);
        url = new Uri($"http://127.0.0.1:{port}");
        Console.WriteLine($"Coordinator   {url} (started in this process)");
        return new Coordinator(url, own);
    }

    public async Task<string> NewGid(CancellationToken stop)
    {
        var answer = await _http.GetFromJsonAsync<JsonElement>(new Uri("/api/dtmsvr/newGid", UriKind.Relative), stop);
        return answer.GetProperty("gid").GetString()!;
    }

    /// <summary>Submits and waits. 409 says only that it has not succeeded: whether it was rolled back, <see cref="Outcome"/> tells.</summary>
    public async Task<(HttpStatusCode Status, string Body)> Submit(object saga, CancellationToken stop)
    {
        using var answer = await _http.PostAsJsonAsync(new Uri("/api/dtmsvr/submit", UriKind.Relative), saga, stop);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(stop));
    }

    /// <summary>The answer of query once the transaction is final.</summary>
    public async Task<JsonElement> Outcome(string gid, CancellationToken stop)
    {
        while (true)
        {
            var answer = await _http.GetFromJsonAsync<JsonElement>(new Uri("/api/dtmsvr/query?gid=" + Uri.EscapeDataString(gid), UriKind.Relative), stop);
            var transaction = answer.GetProperty("transaction");
            if (transaction.ValueKind == JsonValueKind.Null)
            {
                throw new DemoException($"the coordinator does not know the transaction {gid}");
            }

            if (transaction.GetProperty("status").GetString() is "succeed" or "failed")
            {
                return answer;
            }

            await Task.Delay(200, stop);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_own is not null)
        {
            await _own.StopAsync();
            await _own.DisposeAsync();
        }
    }

    private static async Task<bool> IsCoordinator(Uri url, CancellationToken stop)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(3) };
        try
        {
            return (await http.GetStringAsync(new Uri(url, "/api/ping"), stop)).Contains("pong", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return false;
        }
    }

    /// <summary>On any address, as the coordinator listens; so a program on another address of the machine is noticed too.</summary>
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

/// <summary>Something the reader of the demo has to put right.</summary>
internal sealed class DemoException(string message) : Exception(message);

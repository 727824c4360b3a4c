using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OrleansDtm.Server;

namespace OrleansDtm.Fuzz.Server;

/// <summary>
/// A coordinator in this process with real sockets, and a branch service that always answers success.
/// </summary>
public sealed class Coordinator : IAsyncDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleansdtm-fuzz-");
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(20) };
    private WebApplication? _app;
    private WebApplication? _branches;

    public IPEndPoint Http { get; private set; } = null!;

    public IPEndPoint Grpc { get; private set; } = null!;

    /// <summary>The target of every URL in an input, so that no input calls another host.</summary>
    public string BranchAuthority { get; private set; } = "";

    public async Task Start(CancellationToken cancel)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _branches = builder.Build();
        _branches.Run(
            static context => context.Response.WriteAsync("{\"dtm_result\":\"SUCCESS\"}", context.RequestAborted));
        await _branches.StartAsync(cancel);
        BranchAuthority = new Uri(_branches.Urls.First()).Authority;
        _app = CoordinatorApp.Build(
        [
            "--HttpPort=0", "--GrpcPort=0", $"--Store:Path={Path.Combine(_home.FullName, "dtm.db")}",
            "--LogLevel=fatal",

            // Failed calls must wait until the end of the run, so that their retries do not overload the machine.
            "--RetryInterval=3600", "--RetryIntervalMax=3600", "--TimeoutToFail=86400", "--RequestTimeout=1",
        ]);
        await _app.StartAsync(cancel);
        (Grpc, Http) = (EndPoint(_app.Urls.First()), EndPoint(_app.Urls.Last())); // The gRPC port is opened first.
    }

    /// <summary>Runs a valid saga of two steps from its submit to its end.</summary>
    /// <returns>A description of the problem; null = none.</returns>
    public async Task<string?> ProperSaga(CancellationToken cancel)
    {
        var gid = Guid.NewGuid().ToString("N");
        using var answer = await _http.PostAsJsonAsync(
            Url("submit"),
            new
            {
                gid,
                trans_type = "saga",
                wait_result = true,
                steps = new[]
                {
                    new { action = $"http://{BranchAuthority}/a", compensate = $"http://{BranchAuthority}/c" },
                },
                payloads = new[] { "{}" },
            },
            cancel);
        return answer.StatusCode == HttpStatusCode.OK
            ? null
            : $"a proper saga was answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancel)}";
    }

    /// <summary>Force-stops all unfinished transactions.</summary>
    /// <returns>The number of all transactions and of those that are still unfinished.</returns>
    public async Task<(int All, int Unfinished)> Stop(CancellationToken cancel)
    {
        foreach (var status in (string[])["prepared", "submitted", "aborting"])
        {
            foreach (var gid in await Gids($"status={status}", cancel))
            {
                using var answer = await _http.PostAsJsonAsync(Url("forceStop"), new { gid }, cancel);
            }
        }

        var unfinished = 0;
        foreach (var status in (string[])["prepared", "submitted", "aborting"])
        {
            unfinished += (await Gids($"status={status}", cancel)).Count;
        }

        return ((await Gids("", cancel)).Count, unfinished);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var app in (WebApplication?[])[_app, _branches])
        {
            if (app is not null)
            {
                await app.StopAsync(CancellationToken.None);
                await app.DisposeAsync();
            }
        }

        _http.Dispose();
        _home.Delete(recursive: true);
    }

    private static IPEndPoint EndPoint(string url) => new(IPAddress.Loopback, new Uri(url).Port);

    private async Task<List<string>> Gids(string filter, CancellationToken cancel)
    {
        var (gids, position) = (new List<string>(), "");
        do
        {
            using var page = JsonDocument.Parse(
                await _http.GetStringAsync(Url($"all?{filter}&limit=1000&position={position}"), cancel));
            gids.AddRange(page.RootElement.GetProperty("transactions")
                .EnumerateArray()
                .Select(static t => t.GetProperty("gid").GetString()!));
            position = page.RootElement.GetProperty("next_position").GetString()!;
        }
        while (position.Length > 0);
        return gids;
    }

    private Uri Url(string path) =>
        new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Http.Port}/api/dtmsvr/{path}"));
}

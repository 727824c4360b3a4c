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
/// A coordinator in this process behind real sockets, with a branch service that says yes to everything.
/// </summary>
public sealed class Coordinator : IAsyncDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleansdtm-fuzz-");
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(20) };
    private WebApplication? _app;
    private WebApplication? _branches;

    public IPEndPoint Http { get; private set; } = null!;

    public IPEndPoint Grpc { get; private set; } = null!;

    /// <summary>Where every URL in an input leads, whatever it said: nobody else is to be called.</summary>
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

            // What is not answered with yes waits until the end of the run: it must not fill the machine with retries.
            "--RetryInterval=3600", "--RetryIntervalMax=3600", "--TimeoutToFail=86400", "--RequestTimeout=1",
        ]);
        await _app.StartAsync(cancel);
        (Grpc, Http) = (EndPoint(_app.Urls.First()), EndPoint(_app.Urls.Last())); // It opens the gRPC port first.
    }

    /// <summary>A saga of two steps, from its submit to its end.</summary>
    /// <returns>What went wrong; null = nothing.</returns>
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

    /// <summary>Gives up everything that is unfinished.</summary>
    /// <returns>How many transactions there are, and how many remain unfinished.</returns>
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

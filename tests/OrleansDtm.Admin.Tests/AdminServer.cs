using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using OrleansDtm.Server;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Admin.Tests;

/// <summary>A real coordinator in this process, with SQLite.</summary>
public sealed class AdminServer : IAsyncDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleansdtm-admin-");
    private readonly WebApplication _app;
    private readonly HttpClient _http = new();

    private AdminServer(string[] settings) => _app = CoordinatorApp.Build(
    [
        "--HttpPort=0",
        "--GrpcPort=0",
        $"--Store:Path={Path.Combine(_home.FullName, "dtm.db")}",
        "--LogLevel=error",
        .. settings,
    ]);

    /// <summary>http://127.0.0.1:port</summary>
    public string Url { get; private set; } = "";

    public WebApplication App => _app;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<AdminServer> Start(params string[] settings)
    {
        var server = new AdminServer(settings);
        await server._app.StartAsync(Cancel);
        server.Url = server._app.Urls.Last(); // The gRPC port is opened first.
        return server;
    }

    /// <summary>Uses this key for all further requests.</summary>
    public void SignIn(string key) => _http.DefaultRequestHeaders.Authorization = new("Bearer", key);

    /// <summary>Sends a request to DTM's API and asserts success.</summary>
    public async Task Accept(string api, JsonObject body)
    {
        using var answer = await _http.PostAsJsonAsync($"{Url}/api/dtmsvr/{api}", body, Cancel);
        Assert.True(
            answer.IsSuccessStatusCode,
            $"{api} answered {answer.StatusCode}: {await answer.Content.ReadAsStringAsync(Cancel)}");
    }

    /// <summary>Submits a saga without branch URLs, which succeeds at once.</summary>
    public Task AcceptEmpty(string gid) => Accept("submit", new JsonObject
    {
        ["gid"] = gid,
        ["trans_type"] = "saga",
        ["steps"] = new JsonArray(new JsonObject { ["action"] = "", ["compensate"] = "" }),
        ["payloads"] = new JsonArray(""),
    });

    public async Task<JsonNode> Query(string gid) =>
        (await _http.GetFromJsonAsync<JsonNode>($"{Url}/api/dtmsvr/query?gid={Uri.EscapeDataString(gid)}", Cancel))!;

    public Task<HttpResponseMessage> Send(HttpRequestMessage request) => _http.SendAsync(request, Cancel);

    public Task<HttpResponseMessage> Get(string path) => _http.GetAsync(Url + path, Cancel);

    public Task UntilStatus(string gid, string status) => Until(
        gid, query => (string?)query["transaction"]?["status"] == status, $"is not {status}");

    /// <summary>Waits until this many of its calls wait for a retry.</summary>
    public Task UntilWaiting(string gid, int calls = 1) => Until(
        gid,
        query => query["branches"]!.AsArray().Count(static b => b!["next_retry_time"] is not null) == calls,
        $"has not {calls} waiting calls");

    /// <summary>Waits until one of its calls is put aside.</summary>
    public Task UntilParked(string gid) => Until(
        gid, static query => (bool?)query["transaction"]?["parked"] == true, "is not put aside");

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _home.Delete(recursive: true);
    }

    private async Task Until(string gid, Func<JsonNode, bool> reached, string otherwise)
    {
        JsonNode? last = null;
        await Poll.Until(
            async () => reached(last = await Query(gid)),
            Poll.Patience,
            () => $"{gid} {otherwise}: {last?.ToJsonString()}",
            Cancel);
    }
}

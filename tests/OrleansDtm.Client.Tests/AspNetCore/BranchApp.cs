using System.Data.Common;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using OrleansDtm.Client.AspNetCore;
using Xunit;

namespace OrleansDtm.Client.Tests.AspNetCore;

/// <summary>An application with branches on a free port, and a client that calls them as a coordinator does.</summary>
public sealed class BranchApp : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _http = new();

    private BranchApp(WebApplication app) => _app = app;

    public string Url => _app.Urls.Single();

    public IServiceProvider Services => _app.Services;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static Task<BranchApp> Start(
        Ledger ledger, Action<WebApplication> map, Action<WebApplicationBuilder>? configure = null) =>
        Start(ledger.Connect, map, configure);

    public static async Task<BranchApp> Start(
        Func<DbConnection> connect, Action<WebApplication> map, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddBranches(_ => connect());
        configure?.Invoke(builder);
        var app = builder.Build();
        map(app);
        await app.StartAsync(Cancel);
        return new BranchApp(app);
    }

    /// <summary>Calls a branch as a coordinator does: POST if there is a body, else GET.</summary>
    public async Task<(int Status, JsonNode? Body)> Call(
        string path, string gid, string op, object? payload = null, string type = "saga", string branch = "01")
    {
        var url = $"{Url}{path}?gid={gid}&trans_type={type}&branch_id={branch}&op={op}";
        using var answer = payload is null
            ? await _http.GetAsync(url, Cancel)
            : await _http.PostAsJsonAsync(url, payload, Cancel);
        var text = await answer.Content.ReadAsStringAsync(Cancel);
        return ((int)answer.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    public async Task<HttpResponseMessage> Get(string pathAndQuery) => await _http.GetAsync(Url + pathAndQuery, Cancel);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }
}

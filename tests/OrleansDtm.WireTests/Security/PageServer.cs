using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Server;
using OrleansDtm.Storage;
using Xunit;

namespace OrleansDtm.WireTests.Security;

/// <summary>A coordinator in this process that a test starts, stops and starts again.</summary>
internal sealed class PageServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PageServer(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.Last()); // It opens the gRPC port first.

    public IServiceProvider Services => _app.Services;

    public IKeyValueStore Store => _app.Services.GetRequiredService<IKeyValueStore>();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<PageServer> Start(params string[] settings)
    {
        var app = CoordinatorApp.Build(["--HttpPort=0", "--GrpcPort=0", "--LogLevel=fatal", .. settings]);
        await app.StartAsync(Cancel);
        return new PageServer(app);
    }

    /// <summary>The values that DataProtection has stored.</summary>
    public async Task<IReadOnlyList<string>> SessionKeys() =>
        [.. (await Store.Scan("data-protection-keys", 0, 100, Cancel)).Select(static item => item.Value)];

    /// <summary>Signs in with a key or token; returns the cookie's name and value.</summary>
    public async Task<string> SignIn(string proof)
    {
        using var http = new HttpClient { BaseAddress = Url };
        using var body = new StringContent(
            new JsonObject { ["key"] = proof }.ToJsonString(), Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync("/ui/session", body, Cancel);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        return answer.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
    }

    /// <summary>The session of a cookie: its JSON, or the refusal.</summary>
    public async Task<(HttpStatusCode Status, JsonNode Body)> Session(string cookie)
    {
        using var answer = await Send(HttpMethod.Get, "/ui/session", cookie);
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!);
    }

    public async Task<HttpStatusCode> SignOut(string cookie)
    {
        var csrf = (string)(await Session(cookie)).Body["csrf"]!;
        using var answer = await Send(HttpMethod.Delete, "/ui/session", cookie, csrf);
        return answer.StatusCode;
    }

    public async Task<HttpResponseMessage> Send(HttpMethod method, string path, string cookie, string? csrf = null)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });
        using var request = new HttpRequestMessage(method, new Uri(Url, path));
        request.Headers.Add("Cookie", cookie);
        if (csrf is not null)
        {
            request.Headers.Add("X-Csrf-Token", csrf);
        }

        return await http.SendAsync(request, Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }
}

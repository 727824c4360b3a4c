using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security;
using OrleansDtm.Tests.Wire;
using Xunit;
using DtmClient = OrleansDtm.Protocol.Wire.Dtm.DtmClient;

namespace OrleansDtm.Tests.Security;

/// <summary>Keys are fetched from the issuer of tokens; while it is away nobody is told that his token is bad.</summary>
public sealed class IssuerAwayTests(IssuerAwayServer server) : IClassFixture<IssuerAwayServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_that_cannot_be_judged_is_answered_come_again_and_taken_once_the_issuer_is_back()
    {
        using var http = new HttpClient { BaseAddress = server.Url };
        using var channel = GrpcChannel.ForAddress(server.GrpcUrl);
        var token = server.Issuer.Token("read");

        using var list = await Get(http, token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, list.StatusCode);
        Assert.NotNull(list.Headers.RetryAfter);
        var answer = JsonNode.Parse(await list.Content.ReadAsStringAsync(Cancel))!;
        Assert.Equal("UNAVAILABLE", (string?)answer["dtm_result"]);
        Assert.Contains("[ODTM4007]", (string?)answer["message"], StringComparison.Ordinal);

        using var rpc = new HttpRequestMessage(HttpMethod.Post, "/api/json-rpc") { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
        rpc.Headers.Authorization = new("Bearer", token);
        using var replied = await http.SendAsync(rpc, Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, replied.StatusCode);
        Assert.StartsWith("try again", (string?)JsonNode.Parse(await replied.Content.ReadAsStringAsync(Cancel))!["error"]!["message"], StringComparison.Ordinal);

        var refused = await Assert.ThrowsAsync<RpcException>(async () => await new DtmClient(channel).NewGidAsync(
            new(), new Metadata { { "authorization", "Bearer " + token } }, cancellationToken: Cancel));
        Assert.Equal(StatusCode.Unavailable, refused.StatusCode);

        using var signIn = await http.PostAsync("/ui/session", new StringContent($$"""{"key":"{{token}}"}""", Encoding.UTF8, "application/json"), Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, signIn.StatusCode);

        // Whoever shows a key, or nothing, is judged as ever.
        using var keyed = await Get(http, server.Read);
        using var unknown = await Get(http, null);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (keyed.StatusCode, unknown.StatusCode));

        await using var issuer = await Serve(server.Port, server.Issuer.KeySet);
        await Poll.Until(
            async () =>
            {
                using var again = await Get(http, token);
                return again.StatusCode == HttpStatusCode.OK;
            },
            Poll.Patience, static () => "the issuer is back and its tokens are not taken", Cancel);
        using var others = new Issuer();
        using var forged = await Get(http, others.Token("read"));
        Assert.Equal(HttpStatusCode.Unauthorized, forged.StatusCode);
    }

    [Fact]
    public async Task That_it_is_away_is_said_once_and_it_is_not_asked_by_each_token()
    {
        var (clock, log) = (new FakeTimeProvider(), new Lines());
        var port = FreePort.Next();
        using var keys = new IssuerKeys(new JwtOptions { JwksUri = $"http://127.0.0.1:{port}/keys" }, clock, log);
        Assert.False(await keys.AreKnown(Cancel));
        await using var issuer = await Serve(port, server.Issuer.KeySet);

        Assert.False(await keys.AreKnown(Cancel)); // Not asked again so soon.
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(await keys.AreKnown(Cancel));
        Assert.Equal(2, log.Texts.Count);
        Assert.Contains($"127.0.0.1:{port}", log.Texts[0], StringComparison.Ordinal);
        Assert.EndsWith("[ODTM4007]", log.Texts[0], StringComparison.Ordinal);
    }

    private static async Task<HttpResponseMessage> Get(HttpClient http, string? proof)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/dtmsvr/all");
        request.Headers.Authorization = proof is null ? null : new("Bearer", proof);
        return await http.SendAsync(request, Cancel);
    }

    private static async Task<WebApplication> Serve(int port, string keys)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        var app = builder.Build();
        app.MapGet("/keys", () => Results.Text(keys, "application/json"));
        await app.StartAsync(Cancel);
        return app;
    }

    private sealed class Lines : ILogger
    {
        public List<string> Texts { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Texts.Add(formatter(state, exception));
    }
}

/// <summary>With an issuer that is not there yet.</summary>
public sealed class IssuerAwayServer : SecuredServer
{
    public int Port { get; } = FreePort.Next();

    protected override Task<string[]> Settings() => Task.FromResult<string[]>(
    [
        $"--Security:Keys:0={Line("reader", "read", Read)}",
        $"--Security:Jwt:JwksUri=http://127.0.0.1:{Port}/keys",
        $"--Security:Jwt:Issuer={Issuer.Name}",
        $"--Security:Jwt:Audience={Issuer.Audience}",
    ]);
}

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
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Tokens;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using DtmClient = OrleansDtm.Protocol.Wire.Dtm.DtmClient;

namespace OrleansDtm.WireTests.Security;

/// <summary>
/// The keys of tokens are fetched from the issuer. While it is down, no valid token is rejected as invalid.
/// </summary>
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

        using var rpc = new HttpRequestMessage(HttpMethod.Post, "/api/json-rpc")
        {
            Content = new StringContent("{}", Encoding.UTF8, "application/json"),
        };
        rpc.Headers.Authorization = new("Bearer", token);
        using var replied = await http.SendAsync(rpc, Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, replied.StatusCode);
        Assert.StartsWith(
            "try again",
            (string?)JsonNode.Parse(await replied.Content.ReadAsStringAsync(Cancel))!["error"]!["message"],
            StringComparison.Ordinal);

        var refused = await Assert.ThrowsAsync<RpcException>(async () => await new DtmClient(channel).NewGidAsync(
            new(), new Metadata { { "authorization", "Bearer " + token } }, cancellationToken: Cancel));
        Assert.Equal(StatusCode.Unavailable, refused.StatusCode);

        using var signIn = await http.PostAsync(
            "/ui/session", new StringContent($$"""{"key":"{{token}}"}""", Encoding.UTF8, "application/json"), Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, signIn.StatusCode);

        // Requests with an API key or without credentials do not depend on the issuer.
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
        await Poll.Until(
            async () =>
            {
                using var forged = await Get(http, others.Token("read"));
                return forged.StatusCode == HttpStatusCode.Unauthorized;
            },
            Poll.Patience, static () => "a forged token is not refused", Cancel);
    }

    [Fact]
    public async Task That_it_is_away_is_said_once_and_it_is_not_asked_by_each_token()
    {
        var (clock, log) = (new FakeTimeProvider(), new Lines());
        var port = FreePort.Next();
        using var keys = new IssuerKeys(new JwtOptions { JwksUri = $"http://127.0.0.1:{port}/keys" }, clock, log);
        Assert.Null(await keys.Get(Cancel));
        await using var issuer = await Serve(port, server.Issuer.KeySet);

        Assert.Null(await keys.Get(Cancel)); // The issuer is not asked again so soon.
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.NotNull(await keys.Get(Cancel));
        Assert.Equal(2, log.Texts.Count);
        Assert.Contains($"127.0.0.1:{port}", log.Texts[0], StringComparison.Ordinal);
        Assert.EndsWith("[ODTM4007]", log.Texts[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_token_of_a_new_key_is_accepted_and_bad_tokens_do_not_cause_repeated_requests()
    {
        using Issuer before = new("a"), after = new("b"), others = new("c");
        var (clock, keys, asked) = (new FakeTimeProvider(), before.KeySet, 0);
        var port = FreePort.Next();
        await using var issuer = await Serve(port, () =>
        {
            Interlocked.Increment(ref asked);
            return Volatile.Read(ref keys);
        });
        using var check = Check(port, clock, new Lines());
        Assert.Equal(Role.Read, (await check.Identify(before.Token("read"), Cancel)).Caller?.Role);

        clock.Advance(TimeSpan.FromSeconds(2));
        Volatile.Write(ref keys, after.KeySet);
        // A known key does not cause a request to the issuer.
        Assert.Equal(Role.Read, (await check.Identify(before.Token("read"), Cancel)).Caller?.Role);
        Assert.Equal(Role.Submit, (await check.Identify(after.Token("submit"), Cancel)).Caller?.Role);
        Assert.Equal(2, asked);

        // The issuer's previous key is as unknown as any other.
        foreach (var bad in new[] { before, others, others }.Select(static bad => bad.Token("admin")))
        {
            // The issuer may have added the key since the last request, so the token is undecided.
            Assert.True(await check.Identify(bad, Cancel) is { Caller: null, IsUndecided: true });
            Assert.Equal(2, asked);
        }

        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(
            Identified.No("the token is signed by a key that the issuer does not have"),
            await check.Identify(before.Token("admin"), Cancel));
        Assert.Equal(3, asked);
        clock.Advance(TimeSpan.FromSeconds(2));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => check.Identify(others.Token("admin"), Cancel).AsTask()));
        Assert.Equal(4, asked);
    }

    [Fact]
    public async Task A_key_that_the_issuer_begins_to_use_right_after_a_fetch_is_told_to_come_again_and_then_taken()
    {
        using Issuer before = new("a"), after = new("b");
        var (clock, keys) = (new FakeTimeProvider(), before.KeySet);
        var port = FreePort.Next();
        await using var issuer = await Serve(port, () => Volatile.Read(ref keys));
        using var check = Check(port, clock, new Lines());
        Assert.NotNull((await check.Identify(before.Token("read"), Cancel)).Caller);
        Volatile.Write(ref keys, after.KeySet);
        clock.Advance(TimeSpan.FromMilliseconds(500));

        Assert.True(await check.Identify(after.Token("read"), Cancel) is { Caller: null, IsUndecided: true });
        clock.Advance(TimeSpan.FromMilliseconds(500));
        Assert.NotNull((await check.Identify(after.Token("read"), Cancel)).Caller);
    }

    [Fact]
    public async Task Of_a_file_the_new_key_is_taken_at_once()
    {
        using Issuer before = new("a"), after = new("b");
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, before.KeySet, Cancel);
            var options = new JwtOptions { SigningKeysFile = file, Issuer = Issuer.Name, Audience = Issuer.Audience };
            using var check = new TokenCheck(options, new FakeTimeProvider(), new Lines());
            Assert.NotNull((await check.Identify(before.Token("read"), Cancel)).Caller);

            await File.WriteAllTextAsync(file + ".new", after.KeySet + " ", Cancel);
            File.Move(file + ".new", file, overwrite: true);
            Assert.NotNull((await check.Identify(after.Token("read"), Cancel)).Caller);
            Assert.True(await check.Identify(before.Token("read"), Cancel) is { Caller: null, IsUndecided: false });
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_token_whose_critical_headers_nobody_here_knows_is_refused()
    {
        using var issuer = new Issuer("a");
        var port = FreePort.Next();
        await using var served = await Serve(port, issuer.KeySet);
        using var check = Check(port, new FakeTimeProvider(), new Lines());

        foreach (var header in new Action<JsonObject>[]
        {
            static h => (h["crit"], h["b64"]) = (new JsonArray("b64"), false),
            static h => h["crit"] = new JsonArray("exp"),
            static h => h["crit"] = "x",
        })
        {
            var refused = await check.Identify(issuer.Token("admin", changeHeader: header), Cancel);
            Assert.True(refused is { Caller: null, IsUndecided: false }, refused.Problem);
            Assert.Contains("crit", refused.Problem, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task While_it_is_away_known_keys_are_enough_and_a_token_of_another_is_told_to_come_again()
    {
        using Issuer before = new("a"), after = new("b");
        var (clock, log) = (new FakeTimeProvider(), new Lines());
        var port = FreePort.Next();
        var issuer = await Serve(port, before.KeySet);
        using var check = Check(port, clock, log);
        Assert.NotNull((await check.Identify(before.Token("read"), Cancel)).Caller);
        await issuer.StopAsync(Cancel);
        await issuer.DisposeAsync();

        for (var i = 0; i < 2; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(2));
            var undecided = await check.Identify(after.Token("read"), Cancel);
            Assert.True(undecided is { Caller: null, IsUndecided: true }, undecided.Problem);
            Assert.EndsWith("[ODTM4007]", undecided.Problem, StringComparison.Ordinal);
            Assert.NotNull((await check.Identify(before.Token("read"), Cancel)).Caller);
        }

        Assert.EndsWith("[ODTM4007]", Assert.Single(log.Texts), StringComparison.Ordinal);
        await using var back = await Serve(port, after.KeySet);
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.NotNull((await check.Identify(after.Token("read"), Cancel)).Caller);
        Assert.Equal(2, log.Texts.Count);
    }

    [Fact]
    public async Task A_key_that_was_withdrawn_is_taken_no_longer_than_half_a_day()
    {
        using Issuer before = new("a"), after = new("b");
        var (clock, keys) = (new FakeTimeProvider(), before.KeySet);
        var port = FreePort.Next();
        await using var issuer = await Serve(port, () => Volatile.Read(ref keys));
        using var check = Check(port, clock, new Lines());
        Assert.NotNull((await check.Identify(before.Token("read"), Cancel)).Caller);

        Volatile.Write(ref keys, after.KeySet);
        clock.Advance(TimeSpan.FromHours(12));
        await Poll.Until(
            async () => (await check.Identify(before.Token("read"), Cancel)).Caller is null,
            Poll.Patience, static () => "a token of a key that was withdrawn is still taken", Cancel);
    }

    private static TokenCheck Check(int port, TimeProvider clock, Lines log) => new(
        new JwtOptions { JwksUri = $"http://127.0.0.1:{port}/keys", Issuer = Issuer.Name, Audience = Issuer.Audience },
        clock,
        log);

    private static async Task<HttpResponseMessage> Get(HttpClient http, string? proof)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/dtmsvr/all");
        request.Headers.Authorization = proof is null ? null : new("Bearer", proof);
        return await http.SendAsync(request, Cancel);
    }

    private static Task<WebApplication> Serve(int port, string keys) => Serve(port, () => keys);

    private static async Task<WebApplication> Serve(int port, Func<string> keys)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        var app = builder.Build();
        app.MapGet("/keys", () => Results.Text(keys(), "application/json"));
        await app.StartAsync(Cancel);
        return app;
    }

    private sealed class Lines : ILogger<TokenCheck>
    {
        public List<string> Texts { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            Texts.Add(formatter(state, exception));
    }
}

/// <summary>A coordinator whose issuer is not running yet.</summary>
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

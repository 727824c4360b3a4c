using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Client;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Security;

/// <summary>DTM changes state by GET, which an image on any web page can send.</summary>
public sealed class ChangesByGetTests(OpenServer open, SecuredServer secured, NamedServer strict)
    : IClassFixture<OpenServer>, IClassFixture<SecuredServer>, IClassFixture<NamedServer>
{
    private static readonly string[] Changes =
    [
        "/api/dtmsvr/subscribe?topic=by-get&url=http%3A%2F%2Fbank.test%2Fx",
        "/api/dtmsvr/unsubscribe?topic=by-get&url=http%3A%2F%2Fbank.test%2Fx",
        "/api/dtmsvr/resetCronTime?timeout=86400",
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Browsers { get; } = [.. Clients.Browsers.Keys];

    [Theory]
    [MemberData(nameof(Browsers))]
    public async Task A_browser_cannot_do_that(string browser)
    {
        foreach (var change in Changes)
        {
            var (status, text) = await Clients.Send(
                open.Url, "GET " + change, $"10.0.0.5:{open.Url.Port}", Clients.Browsers[browser]);
            var (withoutKey, _) = await Clients.Send(
                secured.Url, "GET " + change, "localhost", Clients.Browsers[browser]);
            var (withKey, _) = await Clients.Send(
                secured.Url,
                "GET " + change.Replace("by-get", Guid.NewGuid().ToString("N"), StringComparison.Ordinal),
                "localhost",
                $"{Clients.Browsers[browser]}|X-Api-Key: {secured.Admin}");

            Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Unauthorized), (status, withoutKey));
            Assert.Contains("POST", text, StringComparison.Ordinal);
            Assert.DoesNotContain(withKey, new[] { HttpStatusCode.Forbidden, HttpStatusCode.Unauthorized });
        }

        var (reading, _) = await Clients.Send(
            open.Url,
            "GET /api/dtmsvr/all",
            "localhost",
            Clients.Browsers[browser].Replace("Origin", "X-Origin", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, reading);
    }

    [Fact]
    public async Task Other_clients_can_unless_a_setting_denies_it()
    {
        foreach (var change in Changes)
        {
            var (byGet, text) = await Clients.Send(open.Url, "GET " + change, "localhost", Clients.Others["go"]);
            var (denied, why) = await Clients.Send(strict.Url, "GET " + change, "localhost", Clients.Others["go"]);
            var (byPost, words) = await Clients.Send(strict.Url, "POST " + change, "localhost", Clients.Others["go"]);

            Assert.True(byGet == HttpStatusCode.OK, text);
            Assert.Equal(HttpStatusCode.MethodNotAllowed, denied);
            Assert.Contains("Allow: POST", why, StringComparison.Ordinal);
            Assert.Contains("Security:DenyStateChangingGet", why, StringComparison.Ordinal);
            Assert.True(byPost == HttpStatusCode.OK, words);
        }
    }

    [Fact]
    public async Task The_SDK_uses_POST()
    {
        await using var sdk = Sdk(strict.Url);
        var dtm = sdk.GetRequiredService<IDtm>();
        await dtm.SubscribeAsync("by-sdk", "http://bank.test/x", "", Cancel);
        var subscribers = await dtm.SubscribersAsync("by-sdk", Cancel);
        await dtm.UnsubscribeAsync("by-sdk", "http://bank.test/x", Cancel);

        Assert.Equal("http://bank.test/x", Assert.Single(subscribers).Url);
        await Assert.ThrowsAsync<DtmNotFoundException>(
            () => dtm.UnsubscribeAsync("no-such-topic", "http://bank.test/x", Cancel));
    }

    [Theory]
    [InlineData(404)]
    [InlineData(405)]
    public async Task Of_a_DTM_which_has_only_GET_the_SDK_uses_that(int status)
    {
        await using var server = await Participant.Start(
            call => call.Method == "POST" ? new Reply(status, "404 page not found") : Reply.Success);
        await using var sdk = Sdk(new Uri(server.Url));
        await sdk.GetRequiredService<IDtm>().SubscribeAsync("t", "http://bank.test/x", "", Cancel);

        Assert.Equal(["POST", "GET"], server.Calls.Select(static call => call.Method));
    }

    private static ServiceProvider Sdk(Uri server)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddDtmClient(options => options.Server = server);
        return services.BuildServiceProvider();
    }
}

using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansDtm.Server.Configuration;
using Xunit;

namespace OrleansDtm.WireTests.Security;

/// <summary>
/// DNS rebinding: a web page whose own host name resolves to this server. Only browsers load such pages.
/// </summary>
public sealed class HostTests(OpenServer open, SecuredServer secured, NamedServer named, AnyNameServer any)
    : IClassFixture<OpenServer>, IClassFixture<SecuredServer>, IClassFixture<NamedServer>, IClassFixture<AnyNameServer>
{
    private const string NewGid = "GET /api/dtmsvr/newGid";
    private const string Firefox = "User-Agent: Mozilla/5.0";

    public static TheoryData<string> Browsers { get; } = [.. Clients.Browsers.Keys];

    public static TheoryData<string> Others { get; } = [.. Clients.Others.Keys];

    [Theory]
    [MemberData(nameof(Browsers))]
    public async Task A_browser_may_not_use_a_foreign_name(string browser)
    {
        var (status, text) = await Clients.Send(open.Url, NewGid, "evil.test", Clients.Browsers[browser]);
        var (page, _) = await Clients.Send(open.Url, "GET /", "evil.test:80", Clients.Browsers[browser]);
        var (withKey, _) = await Clients.Send(
            secured.Url, NewGid, "evil.test", $"{Clients.Browsers[browser]}|X-Api-Key: {secured.Read}");

        Assert.Equal(
            (HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (status, page, withKey));
        Assert.Contains(
            "'evil.test'. Add the name to the setting Hosts",
            text.Replace("\\u0027", "'", StringComparison.Ordinal),
            StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Others))]
    public async Task Any_other_client_may_use_any_name(string client)
    {
        var (status, text) = await Clients.Send(
            open.Url, NewGid, "dtm.bank.svc.cluster.local:36789", Clients.Others[client]);

        Assert.True(status == HttpStatusCode.OK, text);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("LocalHost.:36789")]
    [InlineData("dtm.localhost")]
    [InlineData("127.0.0.1:36789")]
    [InlineData("10.1.2.3")]
    [InlineData("[::1]:36789")]
    public async Task A_browser_may_use_this_machines_names_and_addresses(string host)
    {
        var (status, text) = await Clients.Send(open.Url, NewGid, host, Firefox);

        Assert.True(status == HttpStatusCode.OK, text);
    }

    [Theory]
    [InlineData("dtm.example", true)]
    [InlineData("DTM.example.:8443", true)]
    [InlineData("pay.corp.test", true)]
    [InlineData("localhost", true)]
    [InlineData("corp.test", false)]
    [InlineData("dtm.example.evil.test", false)]
    public async Task Hosts_adds_names(string host, bool isAllowed)
    {
        var (status, _) = await Clients.Send(named.Url, NewGid, host, Firefox);
        var (inAny, _) = await Clients.Send(any.Url, NewGid, host, Firefox);

        Assert.Equal((isAllowed ? HttpStatusCode.OK : HttpStatusCode.Forbidden, HttpStatusCode.OK), (status, inAny));
    }

    [Theory]
    [InlineData("https://dtm.example")]
    [InlineData("dtm.example:8443")]
    [InlineData("a b")]
    public void A_setting_that_is_no_host_is_refused(string host)
    {
        var refused = Assert.Throws<SettingsException>(() => SettingsLoader.Load([$"--Hosts:0={host}"]));

        Assert.Contains($"Hosts: '{host}' is not a host name", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("xn--0")]
    [InlineData("a.xn--zzzzzzzzzzzzzz:80")]
    [InlineData("xn--a..b")]
    [InlineData("a!b")]
    [InlineData("..")]
    [InlineData("bank.test:99999")]
    public async Task A_host_that_cannot_be_parsed_is_an_invalid_request_and_no_defect(string host)
    {
        using var log = new Lines();
        secured.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        foreach (var (server, client) in new[]
        {
            (open.Url, ""),
            (open.Url, Firefox),
            (any.Url, Firefox),
            (secured.Url, "X-Api-Key: " + secured.Read),
        })
        {
            var (status, text) = await Clients.Send(server, NewGid, host, client);

            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Contains("Host: the header is not a host name or address", text, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(log.Seen, static line => line.Contains("ErrorAnswers", StringComparison.Ordinal));
    }

    private sealed class Lines : ILoggerProvider
    {
        public ConcurrentQueue<string> Seen { get; } = new();

        public ILogger CreateLogger(string categoryName) => new LineLog(this, categoryName);

        public void Dispose() => GC.SuppressFinalize(this);

        private sealed class LineLog(Lines lines, string category) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(
                LogLevel logLevel, EventId eventId, TState state, Exception? exception,
                Func<TState, Exception?, string> formatter) =>
                lines.Seen.Enqueue($"{category} {formatter(state, exception)}");
        }
    }
}

using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace OrleansDtm.WireTests.Security;

/// <summary>The sign-in of the admin page, and requests that other sites make a browser send.</summary>
public sealed class SessionTests(SecuredServer server, OpenServer open)
    : IClassFixture<SecuredServer>, IClassFixture<OpenServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whoever_signs_in_with_a_key_goes_on_with_a_cookie_that_no_script_reads()
    {
        using var browser = new Browser(server.Url);
        using var before = await browser.Send(HttpMethod.Get, "/ui/session");
        using var signedIn = await browser.Send(
            HttpMethod.Post, "/ui/session", new JsonObject { ["key"] = server.Submit });
        var session = await browser.Session();
        using var list = await browser.Send(HttpMethod.Get, "/api/dtmsvr/all");

        Assert.Equal(HttpStatusCode.Unauthorized, before.StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, signedIn.StatusCode);
        var cookie = Assert.Single(signedIn.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(server.Submit, cookie, StringComparison.Ordinal);
        Assert.Equal("shop", (string?)session["name"]);
        Assert.Equal(["read", "submit"], session["roles"]!.AsArray().Select(static r => (string?)r));
        Assert.Equal(HttpStatusCode.OK, list.StatusCode);
    }

    [Fact]
    public async Task A_token_signs_in_too()
    {
        using var browser = new Browser(server.Url);
        using var signedIn = await browser.Send(
            HttpMethod.Post, "/ui/session", new JsonObject { ["key"] = server.Issuer.Token("admin") });
        var session = await browser.Session();

        Assert.Equal(HttpStatusCode.NoContent, signedIn.StatusCode);
        Assert.Equal("alice", (string?)session["name"]);
        Assert.Equal(3, session["roles"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("odtm_wrong-wrong-wrong-wrong-wrong-wrong-wrong-wrong", HttpStatusCode.Unauthorized)]
    [InlineData("", HttpStatusCode.BadRequest)]
    public async Task A_wrong_key_does_not(string key, HttpStatusCode status)
    {
        using var browser = new Browser(server.Url);
        using var answer = await browser.Send(HttpMethod.Post, "/ui/session", new JsonObject { ["key"] = key });
        using var after = await browser.Send(HttpMethod.Get, "/api/dtmsvr/all");

        Assert.Equal(status, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Set-Cookie"));
        Assert.Equal(HttpStatusCode.Unauthorized, after.StatusCode);
    }

    [Theory]
    [InlineData("/api/dtmsvr/forceStop", "POST")]
    [InlineData("/api/dtmsvr/subscribe?topic=csrf&url=http://x/", "GET")]
    [InlineData("/api/json-rpc", "POST")]
    public async Task What_changes_something_needs_the_token_of_the_session_and_no_foreign_page(
        string path, string method)
    {
        using var browser = new Browser(server.Url);
        (await browser.Send(HttpMethod.Post, "/ui/session", new JsonObject { ["key"] = server.Admin })).Dispose();
        var csrf = (string?)(await browser.Session())["csrf"];
        var body = method == "POST"
            ? new JsonObject { ["gid"] = "csrf", ["method"] = "newGid", ["jsonrpc"] = "2.0", ["id"] = "1" }
            : null;

        using var without = await browser.Send(new HttpMethod(method), path, body);
        using var wrong = await browser.Send(new HttpMethod(method), path, body, ("X-Csrf-Token", csrf + "x"));
        using var foreign = await browser.Send(
            new HttpMethod(method), path, body, ("X-Csrf-Token", csrf!), ("Sec-Fetch-Site", "cross-site"));
        using var origin = await browser.Send(
            new HttpMethod(method), path, body, ("X-Csrf-Token", csrf!), ("Origin", "https://evil.test"));
        using var ours = await browser.Send(
            new HttpMethod(method), path, body, ("X-Csrf-Token", csrf!), ("Sec-Fetch-Site", "same-origin"), (
                "Origin", server.Url.GetLeftPart(UriPartial.Authority)));

        Assert.All(
            [without, wrong, foreign, origin],
            static answer => Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode));
        Assert.Contains("X-Csrf-Token", await without.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.NotEqual(HttpStatusCode.Forbidden, ours.StatusCode);
    }

    [Fact]
    public async Task Signing_out_ends_the_session()
    {
        using var browser = new Browser(server.Url);
        (await browser.Send(HttpMethod.Post, "/ui/session", new JsonObject { ["key"] = server.Read })).Dispose();
        var csrf = (string)(await browser.Session())["csrf"]!;
        using var foreign = await browser.Send(HttpMethod.Delete, "/ui/session");
        using var ended = await browser.Send(HttpMethod.Delete, "/ui/session", null, ("X-Csrf-Token", csrf));
        using var after = await browser.Send(HttpMethod.Get, "/ui/session");

        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, after.StatusCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_copy_of_the_cookie_ends_with_the_session(bool byToken)
    {
        var proof = byToken ? server.Issuer.Token("admin") : server.Read;
        using var browser = new Browser(server.Url);
        using var signedIn = await browser.Send(
            HttpMethod.Post, "/ui/session", new JsonObject { ["key"] = proof });
        var copy = ("Cookie", signedIn.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
        using var thief = new Browser(server.Url);
        using var before = await thief.Send(HttpMethod.Get, "/api/dtmsvr/all", null, copy);
        (await browser.Send(
            HttpMethod.Delete,
            "/ui/session",
            null,
            ("X-Csrf-Token", (string)(await browser.Session())["csrf"]!))).Dispose();
        using var after = await thief.Send(HttpMethod.Get, "/api/dtmsvr/all", null, copy);
        using var page = await thief.Send(HttpMethod.Get, "/ui/session", null, copy);

        Assert.Equal(
            (HttpStatusCode.OK, HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized),
            (before.StatusCode, after.StatusCode, page.StatusCode));
        // The key or token is still valid for a new sign-in.
        using var again = await browser.Send(HttpMethod.Post, "/ui/session", new JsonObject { ["key"] = proof });
        using var list = await browser.Send(HttpMethod.Get, "/api/dtmsvr/all");
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.OK), (again.StatusCode, list.StatusCode));
        Assert.Contains(
            "the session was ended", await after.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cookie_that_was_tampered_with_is_none()
    {
        using var browser = new Browser(server.Url);
        using var signedIn = await browser.Send(
            HttpMethod.Post, "/ui/session", new JsonObject { ["key"] = server.Read });
        var value = signedIn.Headers.GetValues("Set-Cookie").Single().Split(';')[0].Split('=', 2)[1];
        using var other = new Browser(server.Url);
        var last = value[^2] == 'A' ? 'B' : 'A';
        using var answer = await other.Send(
            HttpMethod.Get, "/api/dtmsvr/all", null, ("Cookie", $"orleansdtm-session={value[..^2]}{last}{value[^1]}"));
        using var same = await other.Send(
            HttpMethod.Get, "/api/dtmsvr/all", null, ("Cookie", $"orleansdtm-session={value}"));

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal(HttpStatusCode.OK, same.StatusCode);
    }

    [Fact]
    public async Task Without_security_everybody_is_anonymous_and_the_page_has_a_token_all_the_same()
    {
        using var browser = new Browser(open.Url);
        var session = await browser.Session();
        using var without = await browser.Send(HttpMethod.Delete, "/ui/session");
        using var with = await browser.Send(
            HttpMethod.Delete, "/ui/session", null, ("X-Csrf-Token", (string)session["csrf"]!));

        Assert.Equal("anonymous", (string?)session["name"]);
        Assert.Equal(["read", "submit", "admin"], session["roles"]!.AsArray().Select(static r => (string?)r));
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.NoContent), (without.StatusCode, with.StatusCode));
    }

    [Fact]
    public async Task Without_security_no_page_of_another_site_and_no_other_name_of_this_machine_gets_anything()
    {
        using var browser = new Browser(open.Url);
        using var foreign = await browser.Send(
            HttpMethod.Post, "/api/dtmsvr/submit", new JsonObject(), ("Origin", "https://evil.test"));
        using var renamed = await browser.Send(
            HttpMethod.Get, "/api/dtmsvr/all", null, ("Host", "evil.test"), ("User-Agent", "Mozilla/5.0"));
        using var disguised = await browser.Send(
            HttpMethod.Get,
            "/api/dtmsvr/all",
            null,
            ("Host", "evil.test"),
            ("User-Agent", "Mozilla/5.0"),
            ("Content-Type", "application/grpc"));
        using var image = await browser.Send(
            HttpMethod.Get,
            "/api/dtmsvr/subscribe?topic=t&url=http://evil.test/",
            null,
            ("Sec-Fetch-Site", "cross-site"));
        using var usual = await browser.Send(
            HttpMethod.Get, "/api/dtmsvr/all", null, ("Host", $"localhost:{open.Url.Port}"));

        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, renamed.StatusCode);
        Assert.Contains("setting Hosts", await renamed.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.NotEqual(HttpStatusCode.OK, disguised.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, image.StatusCode);
        Assert.Equal(HttpStatusCode.OK, usual.StatusCode);
    }

    [Fact]
    public async Task What_a_browser_may_see_carries_the_headers_that_keep_others_out()
    {
        using var browser = new Browser(server.Url);
        using var page = await browser.Send(HttpMethod.Get, "/ui/session");
        using var api = await browser.Send(HttpMethod.Get, "/api/ping");

        Assert.Contains(
            "default-src 'self'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Contains(
            "frame-ancestors 'none'",
            page.Headers.GetValues("Content-Security-Policy").Single(),
            StringComparison.Ordinal);
        Assert.Equal("nosniff", page.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("no-referrer", page.Headers.GetValues("Referrer-Policy").Single());
        Assert.False(api.Headers.Contains("Content-Security-Policy"));
    }

    /// <summary>An HTTP client that keeps cookies as a browser does.</summary>
    private sealed class Browser(Uri url) : IDisposable
    {
        private readonly HttpClient _http = new(new SocketsHttpHandler { CookieContainer = new CookieContainer() })
        {
            BaseAddress = url,
        };

        public async Task<HttpResponseMessage> Send(
            HttpMethod method, string path, JsonObject? body = null, params (string Name, string Value)[] headers)
        {
            using var request = new HttpRequestMessage(method, path);
            foreach (var (name, value) in headers)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }

            request.Content = body is null
                ? new ByteArrayContent([])
                : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
            foreach (var (_, value) in headers.Where(static header => header.Name == "Content-Type"))
            {
                request.Content.Headers.ContentType = new MediaTypeHeaderValue(value);
            }

            return await _http.SendAsync(request, Cancel);
        }

        public async Task<JsonNode> Session() => JsonNode.Parse(await _http.GetStringAsync("/ui/session", Cancel))!;

        public void Dispose() => _http.Dispose();
    }
}

using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Keys;
using OrleansDtm.Server.Security.Sessions;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Security;

/// <summary>Sign-in to the page at an OpenID Connect issuer, and what an attacker tries instead.</summary>
public sealed class OidcTests : IAsyncLifetime
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleansdtm-oidc-");
    private readonly string _key = ApiKey.New();
    private TestIssuer _issuer = null!;
    private PageServer _server = null!;
    private OidcBrowser _browser = null!;

    private string[] Own =>
    [
        $"--Store:Path={Path.Combine(_home.FullName, "dtm.db")}",
        $"--Security:Keys:0={SecuredServer.Line("boss", "admin", _key)}",
    ];

    public async ValueTask InitializeAsync()
    {
        _issuer = await TestIssuer.Start();
        _issuer.Groups = ["dtm operators", "others"];
        _server = await PageServer.Start([.. Own, .. _issuer.Settings()]);
        _browser = new OidcBrowser(_server.Url);
    }

    [Fact]
    public async Task A_user_signs_in_with_the_role_of_the_group_and_out_at_both()
    {
        var page = await _browser.SignIn();
        var (status, session) = await _browser.Session();
        using var thief = _browser.Copy();

        Assert.Equal(new Uri(_server.Url, "/"), page);
        Assert.Equal((HttpStatusCode.OK, "olga"), (status, (string?)session["name"]));
        Assert.Equal(3, session["roles"]!.AsArray().Count);
        Assert.Equal(HttpStatusCode.OK, (await thief.Session()).Status);
        using var list = await _browser.Get(new Uri(_server.Url, "/api/dtmsvr/all"));
        Assert.Equal(HttpStatusCode.OK, list.StatusCode);

        var end = await _browser.SignOut();
        Assert.Equal(HttpStatusCode.Unauthorized, (await _browser.Session()).Status);
        var (after, refusal) = await thief.Session();
        Assert.Equal(HttpStatusCode.Unauthorized, after);
        Assert.Contains("the session was ended", (string?)refusal["message"], StringComparison.Ordinal);
        Assert.Equal(new Uri(_server.Url, "/"), await _browser.Follow(end));
        Assert.Equal(new Uri(_server.Url, "/").ToString(), Assert.Single(_issuer.EndedTo));
    }

    [Fact]
    public async Task The_cookies_are_not_for_scripts_and_the_session_not_for_other_sites()
    {
        using var begun = await _browser.Get(new Uri(_server.Url, "/ui/oidc/sign-in"));
        using var done = await _browser.Get(await _browser.Follow(begun.Headers.Location!));

        Assert.Equal(2, begun.Headers.GetValues("Set-Cookie").Count());
        Assert.All(begun.Headers.GetValues("Set-Cookie"), static cookie =>
        {
            Assert.Contains("; httponly", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("; samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("; path=/", cookie, StringComparison.OrdinalIgnoreCase);
        });
        var session = Assert.Single(
            done.Headers.GetValues("Set-Cookie"),
            static cookie => cookie.StartsWith("orleansdtm-session=", StringComparison.Ordinal));
        Assert.Contains("; samesite=strict", session, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("; httponly", session, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("expires", session, StringComparison.OrdinalIgnoreCase);
    }

    public static TheoryData<string> Lies { get; } =
        ["nonce", "no nonce", "aud", "iss", "azp", "expired", "none", "forged"];

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task An_id_token_that_is_not_for_this_sign_in_is_refused(string lie)
    {
        _issuer.Algorithm = lie is "none" or "forged" ? lie : "RS256";
        _issuer.ChangeClaims = claims =>
        {
            switch (lie)
            {
                case "no nonce":
                    claims.Remove("nonce");
                    break;
                case "expired":
                    claims["exp"] = TimeProvider.System.GetUtcNow().AddMinutes(-5).ToUnixTimeSeconds();
                    break;
                case "nonce" or "aud" or "iss" or "azp":
                    claims[lie] = "https://other.test";
                    break;
            }
        };

        await Fails("failed", await _browser.SignIn());
        (_issuer.Algorithm, _issuer.ChangeClaims) = ("RS256", null);
        Assert.Equal(new Uri(_server.Url, "/"), await _browser.SignIn());
    }

    [Fact]
    public async Task A_changed_state_and_that_of_another_browser_are_refused()
    {
        using var victim = new OidcBrowser(_server.Url);
        await victim.Begin();
        var callback = await _browser.Follow(await _browser.Begin());
        var forged = new Uri(callback.ToString()[..^2] + (callback.ToString()[^2] == 'A' ? "BB" : "AA"));

        await Fails("failed", await victim.Follow(forged), victim);
        await Fails("failed", await victim.Follow(callback), victim); // The attacker's sign-in, elsewhere.
        await Fails("failed", await victim.Follow(new Uri(_server.Url, "/ui/oidc/callback")), victim);
        Assert.Empty(_issuer.Refusals); // No code was sent.
        Assert.Equal(new Uri(_server.Url, "/"), await _browser.Follow(callback));
    }

    [Fact]
    public async Task A_code_of_another_sign_in_fails_at_its_verifier()
    {
        using var attacker = new OidcBrowser(_server.Url);
        var stolen = await attacker.Follow(await attacker.Begin());
        var own = await _browser.Follow(await _browser.Begin());
        var injected = new Uri(own.GetLeftPart(UriPartial.Path) + "?" + stolen.Query.Split('&')[0].TrimStart('?')
            + "&" + own.Query.Split('&')[1]);

        await Fails("failed", await _browser.Follow(injected));
        Assert.Equal("invalid_grant: verifier", Assert.Single(_issuer.Refusals));
    }

    [Fact]
    public async Task A_code_is_good_for_one_sign_in()
    {
        var callback = await _browser.Follow(await _browser.Begin());
        using var later = _browser.Copy();
        Assert.Equal(new Uri(_server.Url, "/"), await _browser.Follow(callback));

        await Fails("failed", await later.Follow(callback), later); // With the cookies of the first time.
        Assert.Equal("invalid_grant", Assert.Single(_issuer.Refusals));
    }

    [Fact]
    public async Task A_user_without_a_role_is_told_so_and_a_part_of_a_groups_name_is_none()
    {
        _issuer.Groups = ["not dtm-readers", "admin", "dtm operators of others"];
        await Fails("no-role", await _browser.SignIn());

        _issuer.Groups = ["dtm-readers"];
        await _browser.SignIn();
        Assert.Equal(["read"], (await _browser.Session()).Body["roles"]!.AsArray().Select(static r => (string?)r));
    }

    [Fact]
    public async Task A_user_who_refuses_is_told_so()
    {
        _issuer.Denies = true;
        await Fails("denied", await _browser.SignIn());
    }

    [Fact]
    public async Task A_session_that_has_expired_is_refused()
    {
        var now = TimeProvider.System.GetUtcNow();
        Assert.Equal(HttpStatusCode.OK, (await _server.Session(Cookie(now.AddMinutes(1)))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.Session(Cookie(now.AddSeconds(-1)))).Status);

        string Cookie(DateTimeOffset until)
        {
            var options = _server.Services.GetRequiredService<CoordinatorOptions>().Security.Oidc;
            var session = Session.Of(new Caller("olga", Role.Admin), options, until);
            var format = _server.Services.GetRequiredService<IOptionsMonitor<CookieAuthenticationOptions>>()
                .Get(Schemes.Session).TicketDataFormat;
            return "orleansdtm-session=" + format.Protect(new AuthenticationTicket(
                session.Principal(), session.Properties(now.AddHours(-1)), Schemes.Session));
        }
    }

    [Fact]
    public async Task Behind_a_proxy_the_issuer_sends_the_user_to_the_proxys_address()
    {
        await using var server = await PageServer.Start(
        [
            $"--Store:Path={Path.Combine(_home.FullName, "proxied.db")}",
            "--Admin:BasePath=/dtm-admin",
            .. _issuer.Settings(),
        ]);
        using var browser = new OidcBrowser(server.Url, "/dtm-admin/");
        using var begun = await browser.Get(
            new Uri(server.Url, "/dtm-admin/ui/oidc/sign-in"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "ops.example.com"),
            ("X-Forwarded-Prefix", "/tools"));

        Assert.Contains(
            "redirect_uri=" + Uri.EscapeDataString("https://ops.example.com/tools/dtm-admin/ui/oidc/callback"),
            begun.Headers.Location!.Query,
            StringComparison.Ordinal);
        Assert.All(begun.Headers.GetValues("Set-Cookie"), static cookie =>
        {
            Assert.Contains("; secure", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("; path=/dtm-admin", cookie, StringComparison.OrdinalIgnoreCase);
        });
        Assert.Equal(new Uri(server.Url, "/dtm-admin/"), await browser.SignIn());
        Assert.Equal(HttpStatusCode.OK, (await browser.Session()).Status);
    }

    [Fact]
    public async Task An_issuer_that_is_down_stops_neither_the_start_nor_the_sign_in_with_a_key()
    {
        var port = FreePort.Next();
        await using var server = await PageServer.Start(
        [
            $"--Store:Path={Path.Combine(_home.FullName, "away.db")}",
            $"--Security:Keys:0={SecuredServer.Line("boss", "admin", _key)}",
            .. _issuer.Settings(),
            string.Create(CultureInfo.InvariantCulture, $"--Security:Oidc:Authority=http://127.0.0.1:{port}"),
        ]);
        using var browser = new OidcBrowser(server.Url);
        Assert.Equal("#/?sign-in=away", (await browser.Begin()).Fragment);
        Assert.Equal(HttpStatusCode.OK, (await server.Session(await server.SignIn(_key))).Status);

        await using var back = await TestIssuer.Start(port);
        back.Groups = ["dtm operators"];
        await Poll.Until(
            async () => (await browser.Begin()).Port == port,
            Poll.Patience, static () => "the issuer is back and not used", TestContext.Current.CancellationToken);
        Assert.Equal(new Uri(server.Url, "/"), await browser.SignIn());
    }

    [Fact]
    public async Task The_secret_may_be_in_a_file_and_a_wrong_one_fails_at_the_issuer()
    {
        var file = Path.Combine(_home.FullName, "secret");
        await File.WriteAllTextAsync(file, "wrong\n", TestContext.Current.CancellationToken);
        await using var server = await PageServer.Start(
        [
            $"--Store:Path={Path.Combine(_home.FullName, "file.db")}",
            .. _issuer.Settings().Where(static setting => !setting.Contains("Secret=", StringComparison.Ordinal)),
            $"--Security:Oidc:ClientSecretFile={file}",
        ]);
        using var browser = new OidcBrowser(server.Url);
        await Fails("failed", await browser.SignIn(), browser);
        Assert.Contains("invalid_client", _issuer.Refusals);

        await File.WriteAllTextAsync(file + ".new", _issuer.Secret + "\n", TestContext.Current.CancellationToken);
        File.Move(file + ".new", file, overwrite: true);
        await Poll.Until(
            async () => (await browser.SignIn()).Fragment.Length == 0,
            Poll.Patience, static () => "the new secret is not used", TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task The_page_learns_the_name_of_the_issuer_and_without_one_there_is_no_way()
    {
        await using var plain = await PageServer.Start(
        [
            $"--Store:Path={Path.Combine(_home.FullName, "plain.db")}",
            $"--Security:Keys:0={SecuredServer.Line("boss", "admin", _key)}",
        ]);
        using var http = new HttpClient();
        var cancel = TestContext.Current.CancellationToken;
        Assert.Equal("""{"issuer":"Test Login"}""", await http.GetStringAsync(
            new Uri(_server.Url, "/ui/sign-in"), cancel));
        Assert.Equal("{}", await http.GetStringAsync(new Uri(plain.Url, "/ui/sign-in"), cancel));
        using var none = await http.GetAsync(new Uri(plain.Url, "/ui/oidc/sign-in"), cancel);
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
    }

    public async ValueTask DisposeAsync()
    {
        _browser.Dispose();
        await _server.DisposeAsync();
        await _issuer.DisposeAsync();
        _home.Delete(recursive: true);
    }

    private Task Fails(string problem, Uri page) => Fails(problem, page, _browser);

    private static async Task Fails(string problem, Uri page, OidcBrowser browser)
    {
        Assert.Equal("#/?sign-in=" + problem, page.Fragment);
        Assert.Equal((HttpStatusCode.Unauthorized, null), ((await browser.Session()).Status, browser.SessionCookie));
    }
}

using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Keys;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Security;

/// <summary>Sessions are valid on every silo and after a restart, and end with the key they were made with.</summary>
public sealed class SessionKeysTests(DatabaseUnderTest<MariaDbServer> mariaDb)
    : IClassFixture<DatabaseUnderTest<MariaDbServer>>, IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleansdtm-sessions-");
    private readonly string _key = ApiKey.New();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string KeysFile => Path.Combine(_home.FullName, "keys");

    private string[] Settings =>
    [
        $"--Store:Path={Path.Combine(_home.FullName, "dtm.db")}",
        $"--Security:KeysFile={KeysFile}",
    ];

    [Fact]
    public async Task A_session_survives_a_restart()
    {
        Allow("boss", "admin");
        string cookie;
        await using (var first = await PageServer.Start(Settings))
        {
            cookie = await first.SignIn(_key);
            Assert.Contains("masterKey", Assert.Single(await first.SessionKeys()), StringComparison.Ordinal);
        }

        await using var second = await PageServer.Start(Settings);
        var (status, session) = await second.Session(cookie);
        Assert.Equal((HttpStatusCode.OK, "boss"), (status, (string?)session["name"]));
        Assert.Equal(3, session["roles"]!.AsArray().Count);
        Assert.Single(await second.SessionKeys());
        Assert.DoesNotContain(_key, cookie, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_ends_with_its_key_and_when_the_key_loses_its_role_and_never_gains_one()
    {
        Allow("clerk", "submit");
        await using var server = await PageServer.Start(Settings);
        var cookie = await server.SignIn(_key);

        Allow("clerk", "admin");
        using var http = new HttpClient { BaseAddress = server.Url };
        http.DefaultRequestHeaders.Add("X-Api-Key", _key);
        await Poll.Until(
            async () => (await http.GetStringAsync("/ui/session", Cancel)).Contains(
                "admin", StringComparison.Ordinal),
            Poll.Patience, static () => "the new role is not seen", Cancel);
        Assert.Equal(2, (await server.Session(cookie)).Body["roles"]!.AsArray().Count);

        Allow("clerk", "read");
        await Refused(server, cookie, "lower role");
        Allow("other", "read", ApiKey.New());
        await Refused(server, cookie, "the API key is unknown");
        Allow("clerk", "submit", until: "2020-01-01");
        await Refused(server, cookie, "expired");
    }

    [Theory]
    [InlineData("data-protection-keys")]
    [InlineData("Data-Protection-Keys ")]
    [InlineData("ended-sessions")]
    public async Task No_API_shows_the_keys_of_sessions_or_their_ends(string category)
    {
        Allow("boss", "admin");
        await using var server = await PageServer.Start(Settings);
        Assert.Equal(HttpStatusCode.NoContent, await server.SignOut(await server.SignIn(_key)));
        var stored = (await server.Store.Scan(category.Trim().ToLowerInvariant(), 0, 9, Cancel)).Single();
        using var http = new HttpClient { BaseAddress = server.Url };
        http.DefaultRequestHeaders.Add("X-Api-Key", _key);
        var cat = Uri.EscapeDataString(category);

        Assert.Equal(
            """{"kv":[],"next_position":""}""",
            await http.GetStringAsync($"/api/dtmsvr/scanKV?cat={cat}", Cancel));
        Assert.Equal(
            """{"kv":[]}""",
            await http.GetStringAsync($"/api/dtmsvr/queryKV?cat={cat}&key={Uri.EscapeDataString(stored.Key)}", Cancel));
    }

    [Fact]
    public async Task With_a_certificate_the_store_does_not_show_the_keys_of_sessions()
    {
        Allow("boss", "admin");
        using var rsa = RSA.Create(2048);
        Write(new CertificateRequest("CN=sessions", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), rsa);
        string[] settings =
        [
            .. Settings,
            $"--Security:SessionKeys:CertificatePath={_home.FullName}/c.pem",
            $"--Security:SessionKeys:KeyPath={_home.FullName}/k.pem",
        ];
        string cookie;
        await using (var first = await PageServer.Start(settings))
        {
            cookie = await first.SignIn(_key);
            var stored = Assert.Single(await first.SessionKeys());
            Assert.Contains("EncryptedData", stored, StringComparison.Ordinal);
            Assert.DoesNotContain("masterKey", stored, StringComparison.Ordinal);
        }

        await using var second = await PageServer.Start(settings);
        Assert.Equal(HttpStatusCode.OK, (await second.Session(cookie)).Status);
    }

    [Fact]
    public async Task A_certificate_that_cannot_encrypt_is_refused_at_the_start()
    {
        Allow("boss", "admin");
        using var elliptic = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Write(new CertificateRequest("CN=sessions", elliptic, HashAlgorithmName.SHA256), elliptic);
        var refused = await Assert.ThrowsAsync<SettingsException>(() => PageServer.Start(
        [
            .. Settings,
            $"--Security:SessionKeys:CertificatePath={_home.FullName}/c.pem",
            $"--Security:SessionKeys:KeyPath={_home.FullName}/k.pem",
        ]));
        Assert.Contains("RSA", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silos_that_start_together_share_one_key_and_a_sign_out_counts_on_both()
    {
        Allow("boss", "admin");
        var database = mariaDb.NewDatabase();
        var silos = await Task.WhenAll(Silo(database), Silo(database));
        await using var one = silos[0];
        await using var two = silos[1];
        var (cookie, others) = (await one.SignIn(_key), await two.SignIn(_key));

        Assert.Single(await one.SessionKeys());
        Assert.Equal(HttpStatusCode.OK, (await two.Session(cookie)).Status);
        Assert.Equal(HttpStatusCode.OK, (await one.Session(others)).Status);
        Assert.Equal(HttpStatusCode.NoContent, await two.SignOut(cookie));
        var (status, refusal) = await one.Session(cookie);
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Contains("the session was ended", (string?)refusal["message"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await one.Session(others)).Status);
    }

    [Fact]
    public async Task A_sign_in_at_an_issuer_begins_on_one_silo_and_goes_on_and_ends_on_the_other()
    {
        await using var issuer = await TestIssuer.Start();
        issuer.Groups = ["dtm-readers"];
        Allow("boss", "admin");
        var database = mariaDb.NewDatabase();
        var silos = await Task.WhenAll(Silo(database, issuer.Settings()), Silo(database, issuer.Settings()));
        await using var one = silos[0];
        await using var two = silos[1];
        using var browser = new OidcBrowser(one.Url);

        var callback = await browser.Follow(await browser.Begin());
        await browser.Follow(new UriBuilder(callback) { Port = two.Url.Port }.Uri);
        using var other = browser.Copy(two.Url);
        Assert.Equal("olga", (string?)(await browser.Session()).Body["name"]);
        Assert.Equal("olga", (string?)(await other.Session()).Body["name"]);

        await other.SignOut();
        var (status, refusal) = await browser.Session();
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Contains("the session was ended", (string?)refusal["message"], StringComparison.Ordinal);
    }

    public void Dispose() => _home.Delete(recursive: true);

    private Task<PageServer> Silo(string database, params string[] settings) => PageServer.Start(
    [
        "--Store:Driver=mysql",
        $"--Store:ConnectionString={database}",
        "--Cluster:Mode=AdoNet",
        string.Create(CultureInfo.InvariantCulture, $"--Cluster:SiloPort={FreePort.Next()}"),
        "--Cluster:GatewayPort=0",
        $"--Security:KeysFile={KeysFile}",
        .. settings,
    ]);

    private static Task Refused(PageServer server, string cookie, string word) => Poll.Until(
        async () => await server.Session(cookie) is (HttpStatusCode.Unauthorized, var body)
            && ((string?)body["message"])!.Contains(word, StringComparison.Ordinal),
        Poll.Patience,
        () => $"not refused: {word}",
        Cancel);

    private void Allow(string name, string role, string? key = null, string until = "")
    {
        var line = SecuredServer.Line(name, role, key ?? _key, until.Length > 0 ? $"until={until}" : "");
        File.WriteAllText(KeysFile + ".new", line);
        File.Move(KeysFile + ".new", KeysFile, overwrite: true);
    }

    private void Write(CertificateRequest request, AsymmetricAlgorithm key)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        File.WriteAllText(Path.Combine(_home.FullName, "c.pem"), certificate.ExportCertificatePem(), Encoding.ASCII);
        File.WriteAllText(Path.Combine(_home.FullName, "k.pem"), key.ExportPkcs8PrivateKeyPem(), Encoding.ASCII);
    }
}

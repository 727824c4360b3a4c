using OrleansDtm.Server;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Keys;
using OrleansDtm.Tests.Support.Import;
using Xunit;

namespace OrleansDtm.WireTests.Security;

/// <summary>Insecure settings prevent the start, with a message that names them.</summary>
public sealed class SecuritySettingsTests
{
    private const string Hash = "sha256:0123456789012345678901234567890123456789012345678901234567890123";

    [Theory]
    [InlineData("*")]
    [InlineData("0.0.0.0")]
    [InlineData("192.168.7.7")]
    public void Who_listens_to_others_must_say_who_they_are(string bind)
    {
        var refused = Assert.Throws<SettingsException>(() => CoordinatorApp.Build([$"--Bind={bind}"]));

        Assert.All(
            ["Bind=localhost", "Security:Keys", "Security:AllowAnonymous=true"],
            way => Assert.Contains(way, refused.Message, StringComparison.Ordinal));
        SecuritySettings.CheckBind(SettingsLoader.Load([$"--Bind={bind}", "--Security:AllowAnonymous=true"]));
        SecuritySettings.CheckBind(SettingsLoader.Load([$"--Bind={bind}", $"--Security:Keys:0=shop submit {Hash}"]));
        SecuritySettings.CheckBind(SettingsLoader.Load(["--Bind=127.0.0.1"]));
    }

    [Theory]
    [InlineData("--Security:AllowAnonymous=maybe", "Security:AllowAnonymous")]
    [InlineData("--Security:Keys:0=shop submit odtm_the-key-itself", "do not write the key itself")]
    [InlineData("--Security:Keys:0=shop owner " + Hash, "write read, submit or admin")]
    [InlineData("--Security:Keys:0=shop", "the command 'key' prints such lines")]
    [InlineData("--Security:Keys:0=shop submit " + Hash + " rate=fast", "rate=100")]
    [InlineData("--Security:Keys:0=shop submit " + Hash + "|--Security:AllowAnonymous=true", "remove one of the two")]
    [InlineData("--Security:Jwt:Authority=https://login.test/", "Security:Jwt:Audience")]
    [InlineData("--Security:Jwt:Authority=http://login.test/|--Security:Jwt:Audience=a", "https URL")]
    [InlineData("--Security:Jwt:SigningKeysFile=/k|--Security:Jwt:Audience=a", "Security:Jwt:Issuer")]
    [InlineData("--Security:Jwt:JwksUri=https://login.test/keys|--Security:Jwt:Audience=a", "Security:Jwt:Issuer")]
    [InlineData(
        "--Security:Jwt:JwksUri=http://login.test/keys|--Security:Jwt:Audience=a|--Security:Jwt:Issuer=i", "https URL")]
    [InlineData(
        "--Security:Jwt:JwksUri=https://a/|--Security:Jwt:Authority=https://a/|--Security:Jwt:Audience=a",
        "Security:Jwt:JwksUri: 'https://a/' is not possible together with")]
    [InlineData(
        "--Cluster:Tls:CertificatePath=/c.pem",
        "Cluster:Tls:KeyPath, Cluster:Tls:CaPath: missing. TLS between silos needs three PEM files")]
    [InlineData("--Cluster:Tls:CertificatePath=/c.pem|--Cluster:Tls:KeyPath=/c.key", "Cluster:Tls:CaPath: missing.")]
    [InlineData("--Cluster:Tls:CaPath=/ca.pem", "Cluster:Tls:CertificatePath, Cluster:Tls:KeyPath: missing.")]
    [InlineData("--Cluster:Tls:ServerName=silo.bank", "Cluster:Tls:ServerName: 'silo.bank' is not possible without")]
    [InlineData(
        "--Cluster:Tls:CertificatePath=/c.pem|--Cluster:Tls:KeyPath=/c.key|--Cluster:Tls:CaPath=/ca.pem|"
        + "--Cluster:Tls:ServerName=10.0.0.1",
        "Cluster:Tls:ServerName: '10.0.0.1' is not a DNS name")]
    [InlineData("--Security:Oidc:Authority=https://login.test/", "Security:Oidc:ClientId is missing")]
    [InlineData("--Security:Oidc:Authority=http://login.test/|--Security:Oidc:ClientId=a", "an https URL")]
    [InlineData("--Security:Oidc:ClientId=a", "possible without Security:Oidc:Authority")]
    [InlineData(
        "--Security:Oidc:Authority=https://a/|--Security:Oidc:ClientId=a|--Admin:Enabled=false", "Admin:Enabled=false")]
    [InlineData(
        "--Security:Oidc:Authority=https://a/|--Security:Oidc:ClientId=a|--Security:Oidc:Scopes=profile",
        "a list of scopes with openid")]
    [InlineData(
        "--Security:Oidc:Authority=https://a/|--Security:Oidc:ClientId=a|--Security:Oidc:ClientSecret=s|"
            + "--Security:Oidc:ClientSecretFile=/s",
        "possible together with Security:Oidc:ClientSecret")]
    [InlineData("--Security:Oidc:Roles:0=dtm operators", "Security:Oidc:Roles: 'dtm operators'")]
    [InlineData("--Security:SessionKeys:CertificatePath=/c.pem", "Security:SessionKeys:KeyPath")]
    [InlineData("--Branches:Deny:0=10.0.0.0/99", "Branches:Deny: '10.0.0.0/99'")]
    [InlineData(
        "--Branches:Proxy=proxy.corp:3128", "Branches:Proxy: 'proxy.corp:3128' is not the URL of an HTTP proxy")]
    [InlineData("--Branches:Proxy=socks5://proxy:1080", "Branches:Proxy")]
    [InlineData("--Branches:Proxy=http://proxy:3128/path", "Branches:Proxy")]
    [InlineData("--Branches:Proxy=ftp://me:secret@proxy:3128", "'ftp://***@proxy:3128'")]
    [InlineData(
        "--Branches:NoProxy:0=10.0.0.0/8", "Branches:NoProxy: '10.0.0.0/8' is not possible without Branches:Proxy")]
    [InlineData(
        "--Branches:Proxy=http://proxy:3128|--Branches:NoProxy:0=10.0.0.0/99", "Branches:NoProxy: '10.0.0.0/99'")]
    [InlineData("--Branches:DnsSrv=service.consul", "Branches:DnsSrv: 'service.consul' is not a DNS name with {name}")]
    [InlineData("--Branches:DnsSrv={name}. evil", "Branches:DnsSrv")]
    [InlineData("--Services:orders=http://orders:80", "Services:orders: 'http://orders:80' is not an endpoint")]
    [InlineData("--Services:orders:http:0=ftp://orders", "Services:orders:http:0: 'ftp://orders'")]
    [InlineData("--Services:orders:http:0=not a host", "Services:orders:http:0")]
    [InlineData("--Branches:Tls:Hosts:0=bank.test:443 c.pem c.key", "Branches:Tls:Hosts")]
    [InlineData("--Branches:Tls:Hosts:0=bank.test c.pem", "Branches:Tls:Hosts")]
    [InlineData("--Branches:Tls:Hosts:0=bank.test c.pfx c.key", "Branches:Tls:Hosts")]
    [InlineData("--Tls:CertificatePath=/c.pem", "Tls:KeyPath")]
    [InlineData("--Tls:ClientCaPath=/c.pem", "Tls:CertificatePath")]
    public void A_setting_that_cannot_be_used_is_named(string settings, string word)
    {
        var refused = Assert.Throws<SettingsException>(() => SettingsLoader.Load(settings.Split('|')));

        Assert.Contains(refused.Problems, problem => problem.Contains(word, StringComparison.Ordinal));
        Assert.DoesNotContain(refused.Problems, static problem => problem.Contains(Hash, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--Tls:CertificatePath=/nowhere.pem|--Tls:KeyPath=/nowhere.key", "/nowhere.pem")]
    [InlineData(
        "--Security:Oidc:Authority=https://a/|--Security:Oidc:ClientId=a|--Security:Oidc:ClientSecretFile=/nowhere",
        "/nowhere")]
    [InlineData(
        "--Security:Jwt:SigningKeysFile=/nowhere.pem|--Security:Jwt:Audience=a|--Security:Jwt:Issuer=i|"
            + "--Admin:Enabled=false",
        "/nowhere.pem")]
    public void So_is_a_file_that_is_not_there(string settings, string word) =>
        Assert.Contains(
            word,
            Assert.Throws<SettingsException>(() => CoordinatorApp.Build(settings.Split('|'))).Message,
            StringComparison.Ordinal);

    [Fact]
    public async Task The_command_key_prints_a_key_and_the_line_that_knows_it()
    {
        var (exit, output, errors) = await ServerCommand.Run("key", "--name=shop", "--role=admin");
        Assert.Contains("The key, for the client", errors, StringComparison.Ordinal);
        Assert.Contains("Its line, for the coordinator", errors, StringComparison.Ordinal);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

        Assert.Equal((0, 2), (exit, lines.Length));
        var key = SettingsLoader.Load([$"--Security:Keys:0={lines[1]}"]).Security.Keys.Single();
        Assert.Equal(("shop", Role.Admin), (key.Name, key.Role));
        Assert.Equal(ApiKey.HashOf(lines[0]), key.Hash.ToArray());
        Assert.True(lines[0].Length >= ApiKey.TextMin);
    }
}

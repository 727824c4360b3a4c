using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Invokers;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security;
using OrleansDtm.Tests.Support.Grpc;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using DtmClient = OrleansDtm.Protocol.Wire.Dtm.DtmClient;

namespace OrleansDtm.WireTests.Security;

/// <summary>
/// Both ports use TLS, accept only clients of the configured authority, and use the current certificate.
/// </summary>
public sealed class TlsTests(TlsServer server) : IClassFixture<TlsServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_shows_a_certificate_of_the_authority_gets_in_and_nobody_else()
    {
        using var own = server.Authority.Issue("client");
        using var others = new Authority();
        using var foreign = others.Issue("client");

        using (var http = new HttpClient(Handler(own)) { BaseAddress = server.Url })
        {
            Assert.Equal("ready", await http.GetStringAsync(new Uri("/health/ready", UriKind.Relative), Cancel));
        }

        using var channel = GrpcChannel.ForAddress(
            server.GrpcUrl, new GrpcChannelOptions { HttpHandler = Handler(own), DisposeHttpClient = true });
        Assert.NotEmpty((await new DtmClient(channel).NewGidAsync(new(), cancellationToken: Cancel)).Gid);

        foreach (var shown in new[] { null, foreign })
        {
            using var http = new HttpClient(Handler(shown)) { BaseAddress = server.Url };
            await Assert.ThrowsAsync<HttpRequestException>(
                () => http.GetStringAsync(new Uri("/health/ready", UriKind.Relative), Cancel));
        }
    }

    [Fact]
    public async Task A_renewed_certificate_is_shown_without_a_restart()
    {
        using var own = server.Authority.Issue("client");
        var renewed = server.Renew();
        var shown = "";
        await Poll.Until(
            async () =>
            {
                using var http = new HttpClient(Handler(own, certificate => shown = certificate))
                {
                    BaseAddress = server.Url,
                };
                await http.GetStringAsync(new Uri("/health/live", UriKind.Relative), Cancel);
                return shown == renewed;
            },
            Poll.Patience,
            () => $"{shown} is shown instead of {renewed}",
            Cancel);
    }

    /// <summary>Calls of branches trust a private authority and send the requested client certificate.</summary>
    [Fact]
    public async Task A_branch_that_asks_for_a_certificate_is_shown_one()
    {
        using var certificate = server.Authority.Issue("branch");
        using var own = server.Authority.Issue("coordinator");
        await using var branch = await Branch(certificate);
        var call = Call(branch);
        var roots = new X509Certificate2Collection(server.Authority.Root);

        Assert.Equal(
            Outcome.Succeeded,
            await Invoke(new InvokerOptions { ClientCertificate = _ => own, TrustedRoots = () => roots }));
        Assert.Equal(OutcomeKind.Unknown, (await Invoke(new InvokerOptions { TrustedRoots = () => roots })).Kind);
        Assert.Equal(OutcomeKind.Unknown, (await Invoke(new InvokerOptions { ClientCertificate = _ => own })).Kind);

        async Task<Outcome> Invoke(InvokerOptions options)
        {
            using var http = new BranchHttpClient(options);
            return await new HttpBranchInvoker(http).Invoke(call, Cancel);
        }
    }

    private static BranchInvocation Call(WebApplication branch) => new()
    {
        Gid = "tls",
        Type = TransactionType.Saga,
        Protocol = "http",
        BranchId = "01",
        Op = "action",
        Url = branch.Urls.First() + "/Act",
        Payload = "{}"u8.ToArray(),
    };

    /// <summary>Each partner requires the certificate that it has issued itself.</summary>
    [Fact]
    public async Task A_host_may_be_shown_a_certificate_of_its_own()
    {
        using var certificate = server.Authority.Issue("branch");
        await using var branch = await Branch(certificate);
        var call = Call(branch);
        var folder = Directory.CreateTempSubdirectory("orleansdtm-tls-");
        try
        {
            server.Authority.Write(folder.FullName, "coordinator");
            server.Authority.Write(folder.FullName, "other");
            var (right, wrong) = (Pair("coordinator"), Pair("other"));

            Assert.Equal(OutcomeKind.Succeeded, await Invoke(wrong, $"other.test {wrong}", $"127.0.0.0/8 {right}"));
            // The first matching entry counts.
            Assert.Equal(OutcomeKind.Unknown, await Invoke(right, $"127.0.0.* {wrong}", $"127.0.0.1 {right}"));
            Assert.Equal(OutcomeKind.Succeeded, await Invoke(right, $"*.test {wrong}"));
            Assert.Equal(OutcomeKind.Unknown, await Invoke("", $"*.test {right}"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        string Pair(string name) =>
            $"{Path.Combine(folder.FullName, name)}.pem {Path.Combine(folder.FullName, name)}.key";

        async Task<OutcomeKind> Invoke(string others, params string[] hosts)
        {
            File.WriteAllText(Path.Combine(folder.FullName, "ca.pem"), server.Authority.Root.ExportCertificatePem());
            string[] own = others.Length == 0 ? [] : [
                $"--Branches:Tls:CertificatePath={others.Split(' ')[0]}",
                $"--Branches:Tls:KeyPath={others.Split(' ')[1]}",
            ];
            var settings = SettingsLoader.Load(
                [
                    .. own,
                    $"--Branches:Tls:CaPath={Path.Combine(folder.FullName, "ca.pem")}",
                    .. hosts.Select(static (line, number) => $"--Branches:Tls:Hosts:{number}={line}"),
                ]);
            using var http = new BranchHttpClient(
                BranchCalls.Create(settings.Branches, BranchTargets.Default, TimeProvider.System, NullLogger.Instance));
            return (await new HttpBranchInvoker(http).Invoke(call, Cancel)).Kind;
        }
    }

    /// <summary>Also with client-side load balancing, where the URL has several addresses.</summary>
    [Theory]
    [InlineData("grpcs://{0}/test.Busi/Act")]
    [InlineData("grpcs://{0},{0}/test.Busi/Act")]
    public async Task Over_gRPC_the_host_says_which_certificate_is_shown(string url)
    {
        using var certificate = server.Authority.Issue("branch");
        using var own = server.Authority.Issue("coordinator");
        await using var busi = await GrpcParticipant.Start(certificate);
        var (roots, asked) = (new X509Certificate2Collection(server.Authority.Root), new List<string>());
        using var invoker = new GrpcBranchInvoker(
            new InvokerOptions
            {
                TrustedRoots = () => roots,
                ClientCertificate = host =>
                {
                    asked.Add(host);
                    return host == "127.0.0.1" ? own : null;
                },
            },
            TimeProvider.System);
        var call = new BranchInvocation
        {
            Gid = "tls",
            Type = TransactionType.Saga,
            Protocol = "grpc",
            BranchId = "01",
            Op = "action",
            Url = string.Format(System.Globalization.CultureInfo.InvariantCulture, url, busi.Host),
        };

        Assert.Equal(Outcome.Succeeded, await invoker.Invoke(call, Cancel));
        Assert.Equal("CN=coordinator", Assert.Single(busi.Calls).Certificate);
        Assert.All(asked, static host => Assert.Equal("127.0.0.1", host));
    }

    private static async Task<WebApplication> Branch(X509Certificate2 certificate)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(
            kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
            {
                https.ServerCertificate = certificate;
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.ClientCertificateValidation = static (shown, _, _) => shown.Subject == "CN=coordinator";
            })));
        var app = builder.Build();
        app.MapPost("/Act", static () => Results.Ok());
        await app.StartAsync(Cancel);
        return app;
    }

    private static SocketsHttpHandler Handler(X509Certificate2? own, Action<string>? seen = null)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                seen?.Invoke(certificate!.GetCertHashString());
                return certificate!.Issuer == "CN=tests";
            },
            LocalCertificateSelectionCallback = own is null ? null : (_, _, _, _, _) => own,
        };
        return handler;
    }
}

/// <summary>A coordinator with TLS on both ports, and with clients of one authority.</summary>
public sealed class TlsServer : SecuredServer
{
    public Authority Authority { get; } = new();

    /// <returns>The thumbprint of the new certificate.</returns>
    public string Renew() => Authority.Write(Home, "server");

    protected override Task<string[]> Settings()
    {
        Renew();
        File.WriteAllText(Path.Combine(Home, "ca.pem"), Authority.Root.ExportCertificatePem());
        return Task.FromResult<string[]>(
        [
            $"--Tls:CertificatePath={Path.Combine(Home, "server.pem")}",
            $"--Tls:KeyPath={Path.Combine(Home, "server.key")}",
            $"--Tls:ClientCaPath={Path.Combine(Home, "ca.pem")}",
        ]);
    }
}

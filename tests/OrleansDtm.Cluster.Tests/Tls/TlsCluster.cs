using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using OrleansDtm.Abstractions;
using OrleansDtm.Cluster.Tests.Processes;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Security;
using Xunit;

namespace OrleansDtm.Cluster.Tests.Tls;

/// <summary>Two silos with certificates of one authority, in processes of their own.</summary>
public sealed class TlsCluster(DatabaseUnderTest<MariaDbServer> database) : IAsyncDisposable
{
    public const string ServerName = "orleansdtm";

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleansdtm-tls-");
    private Task? _started;
    private ServerProcess? _first;
    private ServerProcess? _second;

    public Authority Authority { get; } = new();

    public string Connection { get; private set; } = "";

    public ServerProcess First => _first!;

    public ServerProcess Second => _second!;

    /// <summary>Of the first silo.</summary>
    public int SiloPort { get; } = FreePort.Next();

    /// <inheritdoc cref="SiloPort"/>
    public int GatewayPort { get; } = FreePort.Next();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>By the first test, which is skipped where there is no database.</summary>
    public Task Start() => _started ??= StartBoth();

    /// <summary>A silo with these settings in addition to those of the database.</summary>
    public Task<ServerProcess> Silo(params (string Name, string Value)[] settings) =>
        ClusterProcess.Start(database.Server, Connection, Cancel, settings);

    /// <summary>Replaces the certificate of the first silo.</summary>
    /// <returns>The thumbprint of the new one.</returns>
    public string Renew() => Authority.Write(_home.FullName, "first", ServerName);

    /// <summary>The files of a certificate for <see cref="ClusterCertificates"/>.</summary>
    internal ClusterCertificates Files(X509Certificate2 certificate)
    {
        var name = certificate.Thumbprint;
        Authority.Write(_home.FullName, name, certificate);
        var path = Path.Combine(_home.FullName, name);
        return new ClusterCertificates(path + ".pem", path + ".key", CaFile, ServerName);
    }

    /// <summary>An Orleans client of the first silo.</summary>
    /// <param name="certificates">Null = it speaks plain text.</param>
    internal IHost Client(Action<IClientBuilder>? certificates)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        builder.UseOrleansClient(client =>
        {
            client.UseStaticClustering(new IPEndPoint(IPAddress.Loopback, GatewayPort));
            client.Configure<ClusterOptions>(static o => (o.ClusterId, o.ServiceId) = ("orleansdtm", "orleansdtm"));
            client.AddOrleansDtmClient();
            certificates?.Invoke(client);
        });
        return builder.Build();
    }

    /// <summary>A saga at the first silo's API succeeds.</summary>
    public async Task Works(Participant busi)
    {
        using var dtm = new Dtm(First);
        var gid = SagaBody.NewGid();
        await dtm.Accept(SagaBody.Of(gid, busi).With("wait_result", true));
        await dtm.Until("succeed", gid);
    }

    /// <summary>Waits until the first silo has reported a refusal.</summary>
    public Task Refused(string port, string problem) => Poll.Until(
        () => Task.FromResult(First.Tail.Split('\n').Any(line =>
            line.Contains($"to the {port} port: ", StringComparison.Ordinal)
            && line.Contains(problem, StringComparison.Ordinal)
            && line.Contains("[ODTM4011]", StringComparison.Ordinal))),
        Poll.Patience,
        () => $"no refusal '{problem}' at the {port} port:\n{First.Tail}",
        Cancel);

    /// <summary>Opens a TLS connection with this certificate.</summary>
    /// <returns>The stream, and the thumbprint of the silo's certificate.</returns>
    public static async Task<(SslStream Stream, string Shown)> Connect(int port, X509Certificate2 own)
    {
        var shown = "";
        var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, port, Cancel);
        var ssl = new SslStream(tcp.GetStream());
        await ssl.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = ServerName,
                ClientCertificates = [own],
                AllowTlsResume = false,
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                {
                    shown = certificate!.GetCertHashString();
                    return certificate.Issuer == "CN=tests";
                },
            },
            Cancel);
        return (ssl, shown);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in new[] { _first, _second })
        {
            await (silo?.DisposeAsync() ?? default);
        }

        Authority.Dispose();
        _home.Delete(recursive: true);
    }

    private string CaFile => Path.Combine(_home.FullName, "ca.pem");

    private async Task StartBoth()
    {
        Connection = database.NewDatabase();
        await File.WriteAllTextAsync(CaFile, Authority.Root.ExportCertificatePem(), Cancel);
        Renew();
        Authority.Write(_home.FullName, "second", ServerName);
        var starts = new[]
        {
            Silo([
                .. Settings("first"),
                ("ORLEANSDTM_Cluster__SiloPort", SiloPort.ToString(CultureInfo.InvariantCulture)),
                ("ORLEANSDTM_Cluster__GatewayPort", GatewayPort.ToString(CultureInfo.InvariantCulture)),
            ]),
            Silo(Settings("second")),
        };
        _first = await starts[0];
        _second = await starts[1];
    }

    private (string Name, string Value)[] Settings(string name) =>
    [
        ("ORLEANSDTM_Cluster__Tls__CertificatePath", Path.Combine(_home.FullName, name + ".pem")),
        ("ORLEANSDTM_Cluster__Tls__KeyPath", Path.Combine(_home.FullName, name + ".key")),
        ("ORLEANSDTM_Cluster__Tls__CaPath", CaFile),
    ];
}

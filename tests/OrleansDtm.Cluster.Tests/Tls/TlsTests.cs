using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MySqlConnector;
using Orleans.Configuration;
using OrleansDtm.Abstractions;
using OrleansDtm.Branches;
using OrleansDtm.Tests.Support;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Security;
using Xunit;

namespace OrleansDtm.Cluster.Tests.Tls;

/// <summary>Silos and Orleans clients with a certificate of the authority reach the silos, and no other peer.</summary>
[Collection(SharedMariaDb.Name)]
public sealed partial class TlsTests(TlsCluster cluster) : IClassFixture<TlsCluster>, IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await cluster.Start();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Two_silos_are_one_cluster_and_each_runs_its_share_of_the_sagas_of_one()
    {
        await using var busi = await Participant.Start();
        var before = await Calls(cluster.Second);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => cluster.Works(busi)));

        Assert.Equal(40, busi.Calls.Count);
        await Poll.Until(
            async () => await Calls(cluster.Second) is var calls && calls > before && calls < before + 40,
            Poll.Patience,
            () => $"the second silo made none of the calls, or all:\n{cluster.First.Tail}",
            Cancel);
    }

    [Fact]
    public async Task An_Orleans_client_with_a_certificate_runs_a_saga()
    {
        await using var busi = await Participant.Start();
        using var certificate = cluster.Authority.Issue("shop");
        using var client = cluster.Client(cluster.Files(certificate).Use);
        await client.StartAsync(Cancel).WaitAsync(Patience, Cancel);

        await Runs(client, busi);
        await client.StopAsync(Cancel);
    }

    [Theory]
    [InlineData("none", "the peer has no certificate")]
    [InlineData("foreign", "'CN=foreign' is not accepted: ")]
    [InlineData("expired", "'CN=expired' is not accepted: NotTimeValid")]
    [InlineData("server", "'CN=server' is not accepted: NotValidForUsage")]
    [InlineData("plain", "the TLS handshake failed: the peer does not use TLS")]
    public async Task Any_other_Orleans_client_is_refused_and_reported(string name, string problem)
    {
        using var other = new Authority();
        using var certificate = name switch
        {
            "foreign" => other.Issue(name),
            "expired" => cluster.Authority.Issue(name, validFor: TimeSpan.FromHours(-1)),
            "server" => cluster.Authority.Issue(name, null, null, Authority.ServerUse),
            _ => cluster.Authority.Issue(name),
        };
        using var client = cluster.Client(name switch
        {
            "plain" => null,
            "none" => static builder => builder.UseTls(static tls => tls.AllowAnyRemoteCertificate()),
            _ => cluster.Files(certificate).Use,
        });

        // It tries again until it is stopped.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var start = client.StartAsync(stop.Token);
        await cluster.Refused("gateway", problem);
        Assert.False(start.IsCompletedSuccessfully, "the client is connected");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => start.WaitAsync(Patience, Cancel));
    }

    /// <summary>The coordinator trusts its silos with everything: a client must not pass for one.</summary>
    [Fact]
    public async Task The_certificate_of_a_client_does_not_open_the_silo_port()
    {
        using var certificate = cluster.Authority.Issue("shop");
        var (stream, _) = await TlsCluster.Connect(cluster.SiloPort, certificate);

        await using (stream)
        {
            await Closes(stream);
        }

        await cluster.Refused("silo", "'CN=shop' is not one of a silo: it does not contain the DNS name orleansdtm");
    }

    [Fact]
    public async Task A_renewed_certificate_is_shown_to_new_connections_without_a_restart()
    {
        await using var busi = await Participant.Start();
        using var certificate = cluster.Authority.Issue("shop", TlsCluster.ServerName);
        using var client = cluster.Client(cluster.Files(certificate).Use);
        await client.StartAsync(Cancel).WaitAsync(Patience, Cancel);
        var renewed = cluster.Renew();

        foreach (var port in new[] { cluster.SiloPort, cluster.GatewayPort })
        {
            var shown = "";
            await Poll.Until(
                async () =>
                {
                    (var stream, shown) = await TlsCluster.Connect(port, certificate);
                    await stream.DisposeAsync();
                    return shown == renewed;
                },
                Poll.Patience,
                () => $"{shown} is shown instead of {renewed}:\n{cluster.First.Tail}",
                Cancel);
        }

        // Open connections continue, and new clients accept the new certificate.
        await Runs(client, busi);
        using var later = cluster.Client(cluster.Files(certificate).Use);
        await later.StartAsync(Cancel).WaitAsync(Patience, Cancel);
        await Runs(later, busi);
        await Task.WhenAll(client.StopAsync(Cancel), later.StopAsync(Cancel));
    }

    [Fact]
    public async Task Plain_bytes_at_the_ports_are_disconnected_and_do_no_harm()
    {
        await using var busi = await Participant.Start();
        byte[][] texts = ["GET / HTTP/1.1\r\n\r\n"u8.ToArray(), new byte[64 * 1024], [0x16, 3, 1, 0xff, 0xff, 0]];
        await Task.WhenAll(
            from port in new[] { cluster.SiloPort, cluster.GatewayPort }
            from text in texts
            select Disconnected(port, text));

        await cluster.Refused("silo", "the TLS handshake failed");
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => cluster.Works(busi)));
    }

    [Fact]
    public async Task A_silo_without_TLS_cannot_join()
    {
        await using var busi = await Participant.Start();

        await Assert.ThrowsAnyAsync<Exception>(() => cluster.Silo()); // It does not serve within a minute, or ends.
        await cluster.Refused("silo", "the TLS handshake failed");
        Assert.Equal(2, await Active());
        await cluster.Works(busi);
    }

    [Fact]
    public async Task A_silo_of_others_joins_with_the_code_of_the_README()
    {
        var snippet = Snippet().Match(
            await File.ReadAllTextAsync(
                RepositoryRoot.File("tests", "OrleansDtm.Cluster.Tests", "Tls", "ReadmeSnippets.cs"), Cancel));
        Assert.Contains(
            $"```csharp\n{snippet.Groups[1].Value}```",
            await File.ReadAllTextAsync(RepositoryRoot.File("src", "OrleansDtm.Abstractions", "README.md"), Cancel),
            StringComparison.Ordinal);

        await using var busi = await Participant.Start();
        using var certificate = cluster.Authority.Issue("bank", TlsCluster.ServerName);
        using var silo = Bank(cluster.Files(certificate));
        await silo.StartAsync(Cancel).WaitAsync(Patience, Cancel);
        Assert.Equal(3, await Active());
        await Runs(silo, busi);
        await silo.StopAsync(Cancel);
    }

    private IHost Bank(ClusterCertificates certificates)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo =>
        {
            const string Invariant = "MySql.Data.MySqlConnector";
            silo.Configure<ClusterOptions>(static o => (o.ClusterId, o.ServiceId) = ("orleansdtm", "orleansdtm"));
            silo.Configure<EndpointOptions>(static o =>
            {
                (o.AdvertisedIPAddress, o.SiloPort, o.GatewayPort) = (IPAddress.Loopback, FreePort.Next(), 0);
            });
            silo.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = (Invariant, cluster.Connection));
            silo.UseAdoNetReminderService(o => (o.Invariant, o.ConnectionString) = (Invariant, cluster.Connection));
            silo.AddOrleansDtmClient();
            certificates.Use(silo);
        });
        return builder.Build();
    }

    private static async Task Runs(IHost host, Participant busi)
    {
        var saga = new SagaTransaction().Step($"{busi.Url}/In", $"{busi.Url}/InUndo", "{}");
        var result = await host.Services.GetRequiredService<ITransactions>().SubmitAndWait(saga, Patience, Cancel);
        Assert.Equal(GlobalStatus.Succeeded, result.Status);
    }

    private static async Task Disconnected(int port, byte[] text)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, port, Cancel);
        await Closes(tcp.GetStream(), text);
    }

    /// <summary>Waits until the silo has ended the connection.</summary>
    private static async Task Closes(Stream stream, byte[]? text = null)
    {
        var buffer = new byte[1024];
        try
        {
            await stream.WriteAsync(text ?? [], Cancel);
            while (await stream.ReadAsync(buffer, Cancel).AsTask().WaitAsync(Patience, Cancel) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Reset, or a TLS alert.
        }
    }

    private static async Task<long> Calls(ServerProcess silo)
    {
        using var http = new HttpClient();
        var metrics = await http.GetStringAsync(new Uri(silo.Url + "/api/metrics"), Cancel);
        return BranchCalls().Matches(metrics).Sum(
            static match => long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
    }

    private async Task<long> Active()
    {
        await using var connection = new MySqlConnection(cluster.Connection);
        await connection.OpenAsync(Cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = "select count(*) from OrleansMembershipTable where Status = 3";
        return (long)(await command.ExecuteScalarAsync(Cancel))!;
    }

    [GeneratedRegex(@"^dtm_branch_calls_total\{[^}]*\} (\d+)", RegexOptions.Multiline)]
    private static partial Regex BranchCalls();

    [GeneratedRegex("// <tls>\n(.*?)// </tls>", RegexOptions.Singleline)]
    private static partial Regex Snippet();
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using OrleansDtm.Server;
using OrleansDtm.Server.Checks;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage.Inspection;
using OrleansDtm.Storage.Sqlite;
using OrleansDtm.Tests.Support.Import;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Security;
using OrleansDtm.WireTests.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Commands;

/// <summary>check-config, run as a process before a start.</summary>
[Collection(SharedServer.Name)]
public sealed class CheckConfigTests(RunningServer running)
{
    private ServerProcess Server => running.Process;

    private string Port => new Uri(Server.Url).Port.ToString(CultureInfo.InvariantCulture);

    [Fact]
    public async Task Beside_a_running_coordinator_the_taken_port_is_the_problem_and_without_ports_all_is_well()
    {
        string[] settings =
        [
            $"--HttpPort={Port}",
            "--GrpcPort=0",
            $"--Store:Path={Server.StorePath}",
            "--AlertWebHook=https://joe:pass@a.example/hook?token=abc",
        ];

        var found = await ServerCommand.Run(["check-config", .. settings]);
        found.Ends(1);
        Assert.Contains(
            $"PROBLEM  HttpPort {Port} is in use. Stop the other process", found.Output, StringComparison.Ordinal);
        Assert.Contains("note     a coordinator has this file open", found.Output, StringComparison.Ordinal);
        Assert.EndsWith("1 problem.", found.Output.TrimEnd(), StringComparison.Ordinal);
        Assert.Matches($@"  HttpPort +{Port} +command line", found.Output);
        Assert.Matches(@"  RetryInterval +10 +default", found.Output);
        Assert.Contains("https://a.example/***", found.Output, StringComparison.Ordinal);

        var well = await ServerCommand.Run(["check-config", "--no-ports", .. settings]);
        well.Ends(0);
        Assert.Contains("ok       schema version", well.Output, StringComparison.Ordinal);
        Assert.EndsWith(
            "A coordinator would start with these settings.", well.Output.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_that_cannot_be_read_are_all_said_with_their_fix()
    {
        var found = await ServerCommand.Run(
            "check-config", "--RetryInterval=soon", "--HttpPort=123456", "--Store:Driver=mysql",
            "--Store:Password=hidden!");
        found.Ends(1);
        Assert.Contains(
            "RetryInterval: 'soon' is not a number of seconds from 0.01 to 86400 (default 10).",
            found.Output,
            StringComparison.Ordinal);
        Assert.Contains(
            "HttpPort: '123456' is not a whole number from 0 to 65535 (default 36789).",
            found.Output,
            StringComparison.Ordinal);
        Assert.DoesNotContain("hidden!", found.Output + found.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_is_a_problem_like_others_and_what_it_says_too_much_is_said_once()
    {
        var folder = Directory.CreateTempSubdirectory("orleansdtm-");
        try
        {
            var (none, broken, known) = (
                Path.Combine(folder.FullName, "none.yml"),
                Path.Combine(folder.FullName, "broken.yml"),
                Path.Combine(folder.FullName, "conf.yml"));
            await File.WriteAllTextAsync(broken, "HttpPort: [1", TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(
                known,
                $"Store: {{ Path: {Path.Combine(folder.FullName, "dtm.db")} }}\nHttpPrt: 1\n",
                TestContext.Current.CancellationToken);

            foreach (var (file, word) in new[] { (none, "the file cannot be read"), (broken, "the file is not YAML") })
            {
                var refused = await ServerCommand.Run("check-config", "-c", file);
                refused.Ends(1);
                Assert.Single(
                    refused.Output.Split('\n'),
                    line => line.Contains($"PROBLEM  -c {file}: {word}", StringComparison.Ordinal));
                Assert.EndsWith("1 problem.", refused.Output.TrimEnd(), StringComparison.Ordinal);
                Assert.Empty(refused.Errors);
            }

            var found = await ServerCommand.Run("check-config", "--no-ports", "-c", known);
            found.Ends(0);
            Assert.Single(
                (found.Output + found.Errors).Split('\n'),
                static line => line.Contains("HttpPrt", StringComparison.Ordinal));
            Assert.Contains(
                "note     ",
                found.Output.Split('\n').Single(static line => line.Contains("HttpPrt", StringComparison.Ordinal)),
                StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>A silo with an advertised address listens on all addresses, not only on Bind.</summary>
    [Fact]
    public void Ports_of_the_cluster_are_looked_at_where_the_silo_would_listen()
    {
        using var other = new TcpListener(IPAddress.Parse("127.0.0.2"), FreePort.Next());
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        var options = new CoordinatorOptions
        {
            HttpPort = 0,
            GrpcPort = 0,
            Cluster = new ClusterOptions
            {
                Mode = ClusterOptions.AdoNet,
                SiloPort = port,
                GatewayPort = 0,
                AdvertisedAddress = "203.0.113.7",
            },
        };

        var found = PortChecks.Ports(options).ToList();
        Assert.Contains(found, f => f.Kind == FindingKind.Problem
            && f.Text.StartsWith($"Cluster:SiloPort {port} is in use", StringComparison.Ordinal));
        Assert.Contains(
            found, static f => f.Kind == FindingKind.Note && f.Text.Contains("203.0.113.7", StringComparison.Ordinal));

        var local =
            PortChecks.Ports(options with { Cluster = options.Cluster with { AdvertisedAddress = "" } }).ToList();
        Assert.Equal(FindingKind.Good, Assert.Single(local).Kind);

        var same = FreePort.Next();
        var twice = PortChecks.Ports(options with
        {
            HttpPort = same,
            Cluster = options.Cluster with { AdvertisedAddress = "", SiloPort = same },
        });
        Assert.Contains(twice, f => f.Kind == FindingKind.Problem
            && f.Text.StartsWith($"HttpPort and Cluster:SiloPort are both {same}", StringComparison.Ordinal));
    }

    [Fact]
    public void Each_file_of_a_certificate_is_looked_at()
    {
        var folder = Directory.CreateTempSubdirectory("orleansdtm-");
        try
        {
            using var authority = new Authority();
            authority.Write(folder.FullName, "good");
            var good = Path.Combine(folder.FullName, "good");
            var found = CertificateChecks.Of(
                SettingsLoader.Load(
                [
                    $"--Tls:CertificatePath={good}.pem",
                    $"--Tls:KeyPath={good}.key",
                    "--Tls:ClientCaPath=/nowhere/ca.pem",
                    "--Branches:Tls:Hosts:0=*.test /nowhere/client.pem /nowhere/client.key",
                    $"--Branches:Tls:CaPath={good}.pem",
                ]),
                TimeProvider.System).ToList();

            // It expires within a day, which is reported.
            Assert.Contains(found, f => f.Text.StartsWith($"{good}.pem expires at", StringComparison.Ordinal));
            Assert.Contains(found, f => f is { Kind: FindingKind.Good }
                && f.Text.Contains("Branches:Tls:CaPath", StringComparison.Ordinal));
            Assert.Equal(
                ["Branches:Tls:Hosts '*.test'", "Tls:ClientCaPath"],
                found.Where(static f => f.Kind == FindingKind.Problem)
                    .Select(static f => f.Text[..f.Text.IndexOf(": ", StringComparison.Ordinal)])
                    .Order());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Before the start, not by the refusals of the other silos.</summary>
    [Theory]
    [InlineData("good", null)]
    [InlineData("nameless", "does not contain the DNS name orleansdtm (Cluster:Tls:ServerName)")]
    [InlineData("expired", "the other silos would refuse the certificate: NotTimeValid")]
    [InlineData("client", "the other silos would refuse the certificate: NotValidForUsage")]
    [InlineData("server", "the other silos would refuse the certificate: NotValidForUsage")]
    [InlineData("foreign", "the other silos would refuse the certificate: ")]
    [InlineData("missing", "Could not find file")]
    public void A_certificate_that_other_silos_would_refuse_is_a_problem(string file, string? problem)
    {
        const string Name = "orleansdtm";
        var folder = Directory.CreateTempSubdirectory("orleansdtm-");
        try
        {
            using var authority = new Authority();
            using var other = new Authority();
            using var certificate = file switch
            {
                "nameless" => authority.Issue(file),
                "expired" => authority.Issue(file, Name, TimeSpan.FromHours(-1)),
                "client" => authority.Issue(file, Name, null, Authority.ClientUse),
                "server" => authority.Issue(file, Name, null, Authority.ServerUse),
                "foreign" => other.Issue(file, Name),
                _ => authority.Issue(file, Name),
            };
            var path = Path.Combine(folder.FullName, file);
            if (file != "missing")
            {
                Authority.Write(folder.FullName, file, certificate);
            }

            File.WriteAllText(path + ".ca", authority.Root.ExportCertificatePem());
            string[] settings =
            [
                $"--Cluster:Tls:CertificatePath={path}.pem",
                $"--Cluster:Tls:KeyPath={path}.key",
                $"--Cluster:Tls:CaPath={path}.ca",
            ];

            var found = Assert.Single(CertificateChecks.Of(SettingsLoader.Load(settings), TimeProvider.System));
            if (problem is null)
            {
                Assert.StartsWith($"{path}.pem expires at", found.Text, StringComparison.Ordinal);
                return;
            }

            Assert.Equal(FindingKind.Problem, found.Kind);
            Assert.Contains(problem, found.Text, StringComparison.Ordinal);
            var refused = Assert.Throws<SettingsException>(
                () => CoordinatorApp.Build([.. settings, $"--Store:Path={path}.db"]));
            Assert.Contains(problem, Assert.Single(refused.Problems), StringComparison.Ordinal);
            Assert.EndsWith("[ODTM1004]", refused.Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Every_setting_is_shown_with_its_value_and_where_it_comes_from()
    {
        string[] args =
        [
            "--Store:Driver=mysql", "--Store:Shards:0=Server=a;Password=p1;Database=d",
            "--Store:Shards:1=Server=b;Password=p2;Database=d",
        ];

        var lines = SettingsReport.Lines(SettingsLoader.Explain(args), SettingsLoader.Load(args)).ToList();

        Assert.Contains(lines, static l => l.TrimStart().StartsWith("Limits:StepsMax", StringComparison.Ordinal)
            && l.Contains(" 1000 ", StringComparison.Ordinal));
        Assert.Contains(lines, static l => l.TrimStart().StartsWith("Store:Retention", StringComparison.Ordinal)
            && l.Contains(" 604800 ", StringComparison.Ordinal));
        Assert.Contains(lines, static l => l.Contains("Store:Shards:1", StringComparison.Ordinal)
            && l.Contains("server=b;password=***;database=d", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(
            lines,
            static l => l.Contains("p1", StringComparison.Ordinal) || l.Contains("p2", StringComparison.Ordinal));
        Assert.All(lines, static l => Assert.Matches(@"  \S+ +\S.* +(default|command line|environment)$", l));
    }

    [Theory]
    [InlineData("http://a/b?x=1", "http://a/b?x=1")]
    [InlineData("https://joe:secret@a/b?x=1&api_key=2#f", "https://***@a/b?x=1&api_key=***")]
    [InlineData("calling https://joe:secret@a/b failed", "calling https://***@a/b failed")]
    [InlineData("no url", "no url")]
    public void Of_a_URL_only_what_lets_somebody_in_is_hidden(string url, string shown) =>
        Assert.Equal(shown, SecretNames.MaskUrl(url));

    [Theory]
    [InlineData("https://hooks.example.com/services/T1/B2/secret", "https://hooks.example.com/***")]
    [InlineData("not a url", "***")]
    public void Of_a_webhook_only_the_host_is_shown(string url, string shown) =>
        Assert.Equal(shown, SecretNames.MaskWebHook(url));

    [Fact]
    public void A_database_file_that_cannot_be_written_is_a_problem()
    {
        var folder = Directory.CreateTempSubdirectory("orleansdtm-");
        try
        {
            // An exclusive lock makes the file unwritable even for root, which file modes do not.
            var path = Path.Combine(folder.FullName, "dtm.db");
            File.WriteAllBytes(path, []);
            using var held = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);

            Assert.Contains(
                SqliteInspection.Look(new SqliteStoreOptions { Path = path }),
                static f => f.Text.Contains("is not writable", StringComparison.Ordinal));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}

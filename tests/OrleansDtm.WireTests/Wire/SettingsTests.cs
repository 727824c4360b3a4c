using System.Diagnostics;
using OrleansDtm.Server.Configuration;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>An invalid setting prevents the start, with a message that names it and says how to fix it.</summary>
public sealed class SettingsTests
{
    [Theory]
    [InlineData("--HttpPort=99999", "HttpPort: '99999' is not a whole number from 0 to 65535")]
    [InlineData("--RETRY_INTERVAL=soon", "RetryInterval: 'soon' is not a number of seconds")]
    [InlineData("--Store:Driver=boltdb", "Store:Driver: 'boltdb' is not one of sqlite")]
    [InlineData("--RetryIntervalMax=1", "RetryIntervalMax: '1' is not at least RetryInterval")]
    [InlineData("--STORE_PASSWORD=x", "remove Store:User and Store:Password")]
    [InlineData("--HttpProt=1", "--HttpProt: unknown setting. Did you mean --HttpPort?")]
    [InlineData("--Cluster:Mode=AdoNet", "Cluster:Mode: 'AdoNet' is not possible with Store:Driver=sqlite")]
    [InlineData("--Cluster:Mode=Consul", "Cluster:Mode: 'Consul' is not one of Local, AdoNet, Kubernetes")]
    [InlineData("--Cluster:AdvertisedAddress=here", "Cluster:AdvertisedAddress: 'here' is not an IP address")]
    [InlineData("--Store:Driver=postgres --Store:Shards:0=Host=a;Da=", "Key=value;Key=value")]
    [InlineData("--AlertWebHook=nowhere", "AlertWebHook: 'nowhere' is not an absolute http(s) URL")]
    public void It_is_named(string argument, string message)
    {
        var refused = Assert.Throws<SettingsException>(() => SettingsLoader.Load(argument.Split(' ')));

        Assert.Contains(refused.Problems, problem => problem.Contains(message, StringComparison.Ordinal));
    }

    /// <summary>Each beside a setting that makes it useless, and then beside one that uses it.</summary>
    [Theory]
    [InlineData("ConfigUpdateInterval has no effect: topics are always current.", "--CONFIG_UPDATE_INTERVAL=3", null)]
    [InlineData("Store:Host has no effect with Store:Driver=sqlite.", "--Store:Host=db", "--Store:Driver=mysql")]
    [InlineData("Store:Schema has no effect with", "--Store:Schema=dtm", "--Store:Driver=postgres")]
    [InlineData(
        "Store:Path has no effect with Store:Driver=mysql.", "--Store:Path=a.db --Store:Driver=mysql",
        "--Store:Driver=sqlite")]
    [InlineData(
        "AlertRetryLimit has no effect without AlertWebHook.", "--AlertRetryLimit=3", "--AlertWebHook=http://a/b")]
    [InlineData(
        "Admin:BasePath has no effect with Admin:Enabled=false.", "--Admin:BasePath=/dtm --Admin:Enabled=false",
        "--Admin:Enabled=true")]
    [InlineData(
        "Telemetry:TraceRatio has no effect without Telemetry:OtlpEndpoint.", "--Telemetry:TraceRatio=1",
        "--Telemetry:OtlpEndpoint=http://collector:4317")]
    [InlineData(
        "Security:KeysFileGrace has no effect without Security:KeysFile.", "--Security:KeysFileGrace=3",
        "--Security:KeysFile=keys")]
    public void A_setting_without_effect_is_said_once(string line, string settings, string? use)
    {
        var said = new List<string>();
        SettingsLoader.Load(settings.Split(' '), said.Add);
        Assert.StartsWith(line, Assert.Single(said), StringComparison.Ordinal);
        said.Clear();
        if (use is not null)
        {
            SettingsLoader.Load([.. settings.Split(' '), use], said.Add);
            Assert.Empty(said);
        }
    }

    [Fact]
    public void A_silo_of_a_cluster_lives_in_the_stores_database_unless_another_is_named()
    {
        string[] store = ["--Store:Driver=postgres", "--Store:User=dtm", "--Cluster:Mode=adonet"];
        var options = SettingsLoader.Load([
            .. store,
            "--Cluster:SiloPort=11112",
            "--Cluster:GatewayPort=0",
            "--Cluster:ConnectionString=Host=a;Database=b",
        ]);
        var refused = Assert.Throws<SettingsException>(
            () => SettingsLoader.Load([.. store, "--Cluster:ConnectionString=Password=secret;Host=a"]));

        Assert.Equal(
            ("AdoNet", 11112, 0), (options.Cluster.Mode, options.Cluster.SiloPort, options.Cluster.GatewayPort));
        Assert.Null(SettingsLoader.Load(store).Cluster.GatewayPort);
        Assert.Contains("add the name of the database", Assert.Single(refused.Problems), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Problems[0], StringComparison.Ordinal);
    }

    /// <summary>One value, as a Kubernetes Secret contains it.</summary>
    [Theory]
    [InlineData("a.db\nb.db\n")]
    [InlineData(" a.db \r\n\r\n b.db")]
    public void Shards_may_be_the_lines_of_one_text(string text) =>
        Assert.Equal(["a.db", "b.db"], SettingsLoader.Load([$"--Store:Shards={text}"]).Store.Shards);

    [Fact]
    public void Everything_that_is_wrong_is_said_at_once()
    {
        var refused = Assert.Throws<SettingsException>(() => SettingsLoader.Load(["--HttpPort=-1", "--GrpcPort=x"]));

        Assert.Equal(2, refused.Problems.Count);
    }

    [Fact]
    public void The_command_line_wins_over_conf_yml_whatever_the_spelling()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "Store:\n  Path: /tmp/from-yaml.db\nRetryInterval: 7\nHttpPort: 1\nhttpport: "
            + "2\nMicroService:\n  Driver: default\n");
        try
        {
            var options = SettingsLoader.Load(["-c", file, "--HTTP_PORT=4711", "--httpport=4712"]);

            Assert.Equal(
                ("/tmp/from-yaml.db", TimeSpan.FromSeconds(7), 4712),
                (options.Store.Path, options.RetryInterval, options.HttpPort));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("Store: [1, 2")]
    [InlineData("a: &x [1, 2]\n *x\n")]
    [InlineData("a: &x [a: &x [a: &x [a: &x [a")]
    [InlineData("? [a]\n: b\n")]
    public void A_conf_yml_that_is_none_is_refused_by_its_name(string text)
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, text);
        try
        {
            var refused = Assert.Throws<SettingsException>(() => SettingsLoader.Load(["-c", file]));
            Assert.StartsWith("-c", Assert.Single(refused.Problems), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task The_program_says_it_without_a_stack_trace_and_ends_with_2()
    {
        using var server = Process.Start(new ProcessStartInfo(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "OrleansDtm.Server.dll"), "--HttpPort=x"])
        {
            RedirectStandardError = true,
        })!;
        var errors = await server.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await server.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(2, server.ExitCode);
        Assert.Contains("HttpPort: 'x'", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }
}

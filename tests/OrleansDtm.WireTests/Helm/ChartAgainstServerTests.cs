using System.Net;
using k8s.Models;
using OrleansDtm.Server.Configuration;
using OrleansDtm.WireTests.Wire;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace OrleansDtm.WireTests.Helm;

/// <summary>The chart's assumptions about the server hold.</summary>
[Collection(SharedServer.Name)]
public sealed class ChartAgainstServerTests(RunningServer running)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Probes_and_scrapes_are_answered()
    {
        var manifests = await Manifests.Of("production");
        var container = manifests.Container;
        var endpoint =
            ((YamlSequenceNode)Manifests.At(manifests.Monitor("ServiceMonitor"), "spec", "endpoints")!).Single();
        string[] paths =
        [
            container.StartupProbe.HttpGet.Path,
            container.LivenessProbe.HttpGet.Path,
            container.ReadinessProbe.HttpGet.Path,
            Manifests.Text(endpoint, "path")!,
        ];
        using var http = new HttpClient();
        foreach (var path in paths)
        {
            using var answer = await http.GetAsync(new Uri(running.Process.Url + path), Cancel);
            Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{path}: {answer.StatusCode}");
        }
    }

    [Fact]
    public async Task What_alerts_are_made_of_is_measured()
    {
        var rule = (await Manifests.Of("production")).Monitor("PrometheusRule");
        var expressions = string.Join('\n', rule.AllNodes.OfType<YamlScalarNode>());
        using var http = new HttpClient();
        var metrics = await http.GetStringAsync(new Uri(running.Process.Url + "/api/metrics"), Cancel);

        Assert.Contains("dtm_transactions_overdue{", expressions, StringComparison.Ordinal);
        Assert.Contains("\ndtm_transactions_overdue{", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_test_pods_script_brings_its_sagas_to_their_ends()
    {
        var script = (await Manifests.Of("default")).All<V1Pod>().Single().Spec.Containers.Single();
        using var shell = Helm.Start("sh", ["-ec", script.Args.Single()], ("URL", running.Process.Url));

        var (exit, output, errors) = await Helm.Finish(shell!);

        Assert.True(exit == 0, $"{output}{errors}\n{running.Process.Tail}");
        Assert.Matches("-done: succeed\n.*-undone: failed\n", output);
    }

    [Fact]
    public async Task The_test_pods_script_fails_when_nobody_answers()
    {
        var script = (await Manifests.Of("default")).All<V1Pod>().Single().Spec.Containers.Single();
        using var shell = Helm.Start("sh", ["-ec", script.Args.Single()], ("URL", "http://127.0.0.1:1"));

        Assert.NotEqual(0, (await Helm.Finish(shell!)).Exit);
    }

    [Theory]
    [InlineData("default")]
    [InlineData("minimal")]
    [InlineData("kind")]
    [InlineData("production")]
    public async Task The_server_takes_the_settings(string values)
    {
        var manifests = await Manifests.Of(values);
        var data = manifests.Settings.Data;

        // The command line uses the same names as the environment and, unlike it, rejects unknown settings.
        var settings = data.ToDictionary(
            static pair => pair.Key["ORLEANSDTM_".Length..].Replace("__", ":", StringComparison.Ordinal));
        var options = SettingsLoader.Load([.. settings.Select(static pair => $"--{pair.Key}={pair.Value.Value}")]);

        Assert.Equal("*", options.Bind);
        Assert.Equal(TimeSpan.FromSeconds(20), options.DrainTimeout);
        if (values == "production")
        {
            Assert.Equal(
                ("mysql", "mysql.databases.svc", "dtm"), (options.Store.Driver, options.Store.Host, options.Store.Db));
            Assert.Equal(
                (ClusterOptions.Kubernetes, "bank-orleansdtm"), (options.Cluster.Mode, options.Cluster.ClusterId));
            var ports = manifests.Container.Ports.ToDictionary(
                static port => port.Name, static port => port.ContainerPort);
            Assert.Equal((ports["silo"], ports["gateway"]), (options.Cluster.SiloPort, options.Cluster.GatewayPort));
        }
        else
        {
            Assert.Equal("/data/orleansdtm.db", options.Store.Path);
            Assert.Equal(ClusterOptions.Local, options.Cluster.Mode);
        }
    }
}

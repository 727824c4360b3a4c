using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Json.Schema;
using OrleansDtm.Tests.Support;
using OrleansDtm.WireTests.Release;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace OrleansDtm.WireTests.Compose;

/// <summary>compose.yaml and the files beside it are valid and refer to what exists.</summary>
public sealed partial class ComposeTests
{
    private readonly ComposeFile _compose = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_specification_allows_it()
    {
        Script.Require("npm");
        var home = Directory.CreateTempSubdirectory("orleansdtm-compose-");
        try
        {
            await Script.Run("tests/compose/get-schema.sh", [home.FullName]);
            var text = await File.ReadAllTextAsync(Path.Combine(home.FullName, "compose.schema.json"), Cancel);
            // The id of draft 7 begins with http, without s.
            var schema = JsonSchema.FromText(text.Replace(
                "https://json-schema.org/draft-07/schema", "http://json-schema.org/draft-07/schema#",
                StringComparison.Ordinal));
            var wrong = _compose.Json;
            wrong["services"]!["dtm"]!["enviroment"] = new JsonObject();

            var result = schema.Evaluate(_compose.Json, new EvaluationOptions { OutputFormat = OutputFormat.List });

            Assert.True(result.IsValid, string.Join('\n', result.Details.Where(static one => one.HasErrors).Select(
                static one => $"{one.InstanceLocation}: {string.Join(' ', one.Errors!.Values)}")));
            Assert.False(schema.Evaluate(wrong).IsValid);
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    [Fact]
    public void Files_and_folders_exist()
    {
        var mounts = _compose.Services.Where(service => Has(service, "volumes"))
            .SelectMany(service => _compose.List(service, "volumes"))
            .Select(static volume => volume.Split(':')[0]).ToList();
        var volumes = _compose.Json["volumes"]!.AsObject().Select(static one => one.Key).ToList();
        Assert.All(mounts, mount => Assert.True(
            mount.StartsWith('.') ? Path.Exists(Path.Combine(ComposeFile.Folder, mount)) : volumes.Contains(mount),
            mount));
        Assert.All(volumes, volume => Assert.Contains(volume, mounts));

        Assert.True(File.Exists(Path.Combine(ComposeFile.Folder, _compose["dtm"]["build"].ToString(), "Dockerfile")));
        var bank = _compose["bank"]["build"];
        var dockerfile = Path.Combine(ComposeFile.Folder, $"{bank["context"]}", $"{bank["dockerfile"]}");
        Assert.True(File.Exists(dockerfile));
        Assert.Contains(
            "src/Samples/FirstSaga ", File.ReadAllText(dockerfile), StringComparison.Ordinal);
    }

    /// <summary>Hosts in URLs, dependencies and Prometheus' targets are services of the file.</summary>
    [Fact]
    public void Services_name_each_other()
    {
        var files = string.Join('\n', Directory.GetFiles(ComposeFile.Folder, "*.yaml")
            .SelectMany(File.ReadAllLines).Where(static line => !line.TrimStart().StartsWith('#')));
        var hosts = Host().Matches(files).Select(static match => match.Groups[1].Value)
            .Append(_compose.Environment("dtm")["ORLEANSDTM_Store__Host"])
            .Concat(_compose.Services.Where(service => Has(service, "depends_on"))
                .SelectMany(service => ((YamlMappingNode)_compose[service]["depends_on"]).Children.Keys)
                .Select(static key => $"{key}"))
            .Distinct().Except(["localhost"]).ToList();

        Assert.InRange(hosts.Count, 5, 10);
        Assert.All(hosts, host => Assert.Contains(host, _compose.Services));
        // Grafana finds the dashboard where the chart's folder is mounted.
        var dashboards = _compose.List("grafana", "volumes").Single(
            static one => one.Contains("helm/", StringComparison.Ordinal)).Split(':')[1];
        Assert.Contains($"path: {dashboards}\n", files + "\n", StringComparison.Ordinal);
        var home = _compose.Environment("grafana")["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"];
        Assert.Equal(dashboards, Path.GetDirectoryName(home));
        Assert.True(File.Exists(RepositoryRoot.File("helm", "orleansdtm", "dashboards", Path.GetFileName(home))));
    }

    [Fact]
    public void Only_this_machine_reaches_the_ports()
    {
        Assert.All(
            _compose.Services.Where(service => Has(service, "ports"))
                .SelectMany(service => _compose.List(service, "ports")),
            static port => Assert.StartsWith("127.0.0.1:", port, StringComparison.Ordinal));
        Assert.Equal(
            ["127.0.0.1:36789:36789", "127.0.0.1:36790:36790"], _compose.List("dtm", "ports"));
        var grace = int.Parse($"{_compose["dtm"]["stop_grace_period"]}".TrimEnd('s'), null);
        Assert.Equal(grace, int.Parse(_compose.Environment("dtm")["ORLEANSDTM_DrainTimeout"], null) + 10);
    }

    private bool Has(string service, string key) =>
        ((YamlMappingNode)_compose[service]).Children.ContainsKey(key);

    [GeneratedRegex(@"(?:http://|targets: \["")([\w.-]+)")]
    private static partial Regex Host();
}

using OrleansDtm.Tests.Support;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace OrleansDtm.WireTests;

/// <summary>The files that GitHub reads: they are YAML, and what they run is in the repository.</summary>
public sealed class WorkflowTests
{
    private static string Folder => RepositoryRoot.File(".github");

    [Fact]
    public void Workflows_only_call_scripts_of_the_repository()
    {
        var files = Directory.GetFiles(Path.Combine(Folder, "workflows"), "*.yml");
        Assert.NotEmpty(files);
        foreach (var file in files)
        {
            var steps = Root(file)["jobs"].AllNodes.OfType<YamlMappingNode>()
                .Where(static node => node.Children.ContainsKey("run"))
                .Select(static node => ((YamlScalarNode)node["run"]).Value!)
                .ToList();
            Assert.NotEmpty(steps);
            Assert.All(steps, step =>
            {
                var script = RepositoryRoot.File(step.Split(' ')[0]);
                Assert.True(File.Exists(script), $"{file}: {step}");
                Assert.True(
                    OperatingSystem.IsWindows()
                        || File.GetUnixFileMode(script).HasFlag(UnixFileMode.UserExecute),
                    $"{script} is not executable");
            });
        }
    }

    /// <summary>A script that no workflow calls is forgotten; one that no test runs breaks a release.</summary>
    [Fact]
    public void Each_script_of_the_release_is_called_by_it_and_run_by_tests()
    {
        var workflow = File.ReadAllText(Path.Combine(Folder, "workflows", "release.yml"));
        var tests = string.Join('\n', Directory.GetFiles(
            RepositoryRoot.File("tests"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText));
        var guide = File.ReadAllText(Path.Combine(Folder, "RELEASING.md"));
        var scripts = Directory.GetFiles(Path.Combine(Folder, "release")).Select(Path.GetFileName).ToList();

        Assert.InRange(scripts.Count, 5, 20);
        Assert.All(scripts, script =>
        {
            Assert.Contains($".github/release/{script}", workflow, StringComparison.Ordinal);
            Assert.Contains($"release/{script}", guide, StringComparison.Ordinal);
            Assert.Contains($".github/release/{script}", tests, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void A_release_is_tested_first_and_its_provenance_attested()
    {
        var release = Root(Path.Combine(Folder, "workflows", "release.yml"))["jobs"]["release"];
        Assert.Equal("test", $"{release["needs"]}");
        var steps = ((YamlSequenceNode)release["steps"]).Children.OfType<YamlMappingNode>()
            .Select(static step => step.Children.TryGetValue("run", out var run) ? $"{run}" : $"{step["uses"]}")
            .ToList();

        // Everything is made before anything is published; the chart after its image.
        string[] order =
        [
            "version.sh", "notes.sh", "pack.sh", "sign.sh", "chart.sh", "sbom.sh", "image.sh",
            "actions/attest-build-provenance", "actions/attest-sbom", "publish.sh", "github.sh",
        ];
        var places = order.Select(one => steps.FindIndex(step => step.Contains(one, StringComparison.Ordinal)));
        Assert.Equal(places.Order(), places);
        Assert.DoesNotContain(-1, places);
    }

    /// <summary>GitHub ignores a form that lacks one of these.</summary>
    [Fact]
    public void Issue_forms_have_what_GitHub_requires()
    {
        var forms = Directory.GetFiles(Path.Combine(Folder, "ISSUE_TEMPLATE"), "*.yml")
            .Where(static file => Path.GetFileName(file) != "config.yml").ToList();
        Assert.NotEmpty(forms);
        Assert.All(forms, static form =>
        {
            var root = Root(form);
            Assert.NotEmpty(((YamlScalarNode)root["name"]).Value!);
            Assert.NotEmpty(((YamlScalarNode)root["description"]).Value!);
            var body = (YamlSequenceNode)root["body"];
            Assert.All(body.Children, static element => Assert.Contains(
                ((YamlScalarNode)element["type"]).Value,
                (string[])["textarea", "input", "dropdown", "checkboxes", "markdown"]));
            var ids = body.Children.OfType<YamlMappingNode>()
                .Select(static element => ((YamlScalarNode)element["id"]).Value).ToList();
            Assert.Equal(ids.Count, ids.Distinct().Count());
        });
    }

    private static YamlMappingNode Root(string file)
    {
        using var reader = new StreamReader(file);
        var yaml = new YamlStream();
        yaml.Load(reader);
        return (YamlMappingNode)yaml.Documents[0].RootNode;
    }
}

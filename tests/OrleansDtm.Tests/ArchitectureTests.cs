using System.Xml.Linq;
using Xunit;

namespace OrleansDtm.Tests;

/// <summary>The arrows of src/README.md.</summary>
public sealed class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Core"] = [],
        ["Protocol"] = [],
        ["Storage"] = ["Core"],
        ["Invokers"] = ["Core", "Protocol"],
        ["Abstractions"] = [],
        ["Branches"] = ["Abstractions"],
        ["Grains"] = ["Abstractions", "Branches", "Core", "Protocol", "Storage", "Invokers"],
        ["Import"] = ["Grains"],
        ["Server"] = ["Grains", "Import", "Protocol"],
        ["Client"] = ["Protocol"],
        ["Client.AspNetCore"] = ["Client"],
        ["Client.EntityFrameworkCore"] = ["Client"],
        ["Client.Grpc"] = ["Client"],
        ["Client.Redis"] = ["Client"],
    };

    [Fact]
    public void Projects_reference_each_other_only_along_the_arrows()
    {
        foreach (var (name, allowed) in Arrows)
        {
            var references = Items(name, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path).Replace("OrleansDtm.", ""));
            Assert.Equal(allowed.Order(), references.Order());
        }
    }

    [Fact]
    public void Every_project_of_the_product_is_on_the_map()
    {
        var projects = Directory.GetDirectories(RepositoryRoot.File("src"), "OrleansDtm.*").Select(path => Path.GetFileName(path).Replace("OrleansDtm.", ""));
        Assert.Equal(Arrows.Keys.Order(), projects.Order());
        var map = File.ReadAllText(RepositoryRoot.File("src", "README.md"));
        Assert.All(Arrows.Keys, name => Assert.Contains($"`OrleansDtm.{name}`", map, StringComparison.Ordinal));
    }

    [Fact]
    public void Core_needs_no_package_at_run_time_and_Protocol_only_those_of_its_messages()
    {
        Assert.All(Items("Core", "PackageReference"), package => Assert.EndsWith("Analyzers", package, StringComparison.Ordinal));
        string[] allowed = ["Google.Protobuf", "Grpc.Core.Api", "Grpc.Tools"]; // The last one works at build time only.
        Assert.Subset(allowed.ToHashSet(), Items("Protocol", "PackageReference").ToHashSet());
    }

    [Fact]
    public void Grains_do_not_know_the_web_server()
    {
        Assert.Empty(Items("Grains", "FrameworkReference"));
        var assembly = typeof(OrleansDtm.Grains.DtmGrainOptions).Assembly;
        Assert.DoesNotContain(assembly.GetReferencedAssemblies(), a => a.Name!.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
    }

    [Fact]
    public void An_Orleans_client_needs_the_SDK_and_nothing_else() =>
        Assert.Equal(["Microsoft.Orleans.Sdk"], Items("Abstractions", "PackageReference"));

    [Fact]
    public void Core_knows_nothing_of_Orleans() => Assert.DoesNotContain(
        typeof(OrleansDtm.Core.Transaction).Assembly.GetReferencedAssemblies(),
        static assembly => assembly.Name!.StartsWith("Orleans", StringComparison.Ordinal));

    private static IEnumerable<string> Items(string project, string kind) =>
        XDocument.Load(RepositoryRoot.File("src", $"OrleansDtm.{project}", $"OrleansDtm.{project}.csproj"))
            .Descendants(kind)
            .Select(item => item.Attribute("Include")!.Value);
}

using System.Xml.Linq;
using OrleansDtm.Tests.Support;

namespace OrleansDtm.DatabaseTests.Packages;

public sealed partial class PackageFeed
{
    private readonly Lazy<Task<string>> _samples;

    /// <summary>Builds the programs of <c>src/Samples</c> with the packages in place of the projects, once.</summary>
    /// <returns>The folder of the sources; each program is in its <c>bin/Debug/net10.0</c>.</returns>
    public Task<string> Samples() => _samples.Value;

    private async Task<string> BuildSamples()
    {
        var folder = NewFolder();
        var source = new DirectoryInfo(RepositoryRoot.File("src", "Samples"));
        var projects = new List<string>();
        foreach (var sample in source.EnumerateDirectories())
        {
            var target = Directory.CreateDirectory(Path.Combine(folder, sample.Name)).FullName;
            foreach (var file in sample.EnumerateFiles().Where(static file => file.Name != "packages.lock.json"))
            {
                var copy = file.CopyTo(Path.Combine(target, file.Name));
                if (copy.Extension == ".csproj")
                {
                    WithPackages(copy.FullName);
                    projects.Add($"{sample.Name}/{file.Name}");
                }
            }
        }

        File.Copy(
            RepositoryRoot.File("Directory.Packages.props"), Path.Combine(folder, "Directory.Packages.props"));
        await File.WriteAllTextAsync(
            Path.Combine(folder, "Directory.Build.props"),
            """
            <Project>
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <ManagePackageVersionsCentrally>true</ManagePackageVersionsCentrally>
              </PropertyGroup>
            </Project>
            """,
            Cancel);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "Samples.slnx"),
            new XElement(
                "Solution",
                projects.Select(static project => new XElement("Project", new XAttribute("Path", project)))).ToString(),
            Cancel);
        await Configure(folder);
        await DotNet(folder, "build", "-v", "q");
        return folder;
    }

    private void WithPackages(string project)
    {
        var xml = XDocument.Load(project);
        foreach (var reference in xml.Descendants("ProjectReference").ToArray())
        {
            var name = Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value);
            if (name.StartsWith("OrleansDtm.", StringComparison.Ordinal))
            {
                reference.ReplaceWith(new XElement(
                    "PackageReference", new XAttribute("Include", name), new XAttribute("VersionOverride", Version)));
            }
        }

        xml.Save(project);
    }
}

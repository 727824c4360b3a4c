using System.Collections.Concurrent;
using System.Diagnostics;
using System.IO.Compression;
using System.Xml.Linq;
using OrleansDtm.Tests.Support;
using Xunit;

[assembly: AssemblyFixture(typeof(OrleansDtm.DatabaseTests.Packages.PackageFeed))]

namespace OrleansDtm.DatabaseTests.Packages;

/// <summary>All packages of the repository in a folder, and applications that take them from there.</summary>
public sealed partial class PackageFeed : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleansdtm-feed-");
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _built = new();
    private readonly Lazy<Task> _packed;

    private readonly Lazy<Task> _installed;

    public PackageFeed()
    {
        _packed = new Lazy<Task>(Pack);
        _samples = new Lazy<Task<string>>(BuildSamples);
        _installed = new Lazy<Task>(() => DotNet(
            _home.FullName, "new", "install", Path.Combine(Feed, $"OrleansDtm.Templates.{Version}.nupkg")));
    }

    /// <summary>The version of all packages.</summary>
    public string Version { get; private set; } = "";

    private string Feed => Path.Combine(_home.FullName, "feed");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Packs at the first call.</summary>
    public Task Ready() => _packed.Value;

    public void Dispose() => _home.Delete(recursive: true);

    private async Task Pack()
    {
        // The configuration of this test's own build, so that nothing is built twice.
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var properties = XDocument.Load(RepositoryRoot.File("Directory.Build.props"));
        Version = properties.Descendants("Version").Single().Value;
        // As a release does.
        await Run(Start(
            _home.FullName, "bash", RepositoryRoot.File(".github/release/pack.sh"), Version, Feed, "--no-restore",
            $"-p:Configuration={configuration}"));
    }

    /// <summary>Returns the names of all packages with their versions.</summary>
    public IEnumerable<string> Names() =>
        Directory.GetFiles(Feed, "*.nupkg").Select(static file => Path.GetFileNameWithoutExtension(file));

    /// <summary>Returns the entries of a package, and its description.</summary>
    public (IReadOnlyList<string> Entries, XElement Metadata) Read(string name)
    {
        using var zip = ZipFile.OpenRead(Path.Combine(Feed, name + ".nupkg"));
        var spec = zip.Entries.Single(static e => e.FullName.EndsWith(".nuspec", StringComparison.Ordinal));
        using var stream = spec.Open();
        return ([.. zip.Entries.Select(static e => e.FullName)], XDocument.Load(stream).Root!.Elements().First());
    }

    /// <summary>Builds an application of <c>tests/packages</c> outside the repository, once.</summary>
    /// <returns>The folder of its output.</returns>
    public Task<string> Build(string application, params string[] properties) => _built.GetOrAdd(
        $"{application} {string.Join(' ', properties)}",
        _ => new Lazy<Task<string>>(() => BuildNow(application, properties))).Value;

    private async Task<string> BuildNow(string application, string[] properties)
    {
        var folder = NewFolder();
        foreach (var file in Directory.GetFiles(RepositoryRoot.File("tests", "packages", application)))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        return await BuildIn(
            folder, [$"OrleansDtmVersion={Version}", .. properties]);
    }

    /// <summary>Creates a project by <c>dotnet new</c> with the package of the templates, and builds it.</summary>
    /// <returns>The folder of its output.</returns>
    public async Task<string> New(string template, string framework)
    {
        await _installed.Value;
        var folder = NewFolder();
        await DotNet(folder, "new", template, "-n", "Made", "-o", folder, "--framework", framework);
        return await BuildIn(folder, []);
    }

    /// <summary>Creates a solution by <c>dotnet new</c>, and builds it in place.</summary>
    /// <param name="template">Its short name.</param>
    /// <param name="change">Called with the folder before the build.</param>
    /// <returns>The folder of the solution.</returns>
    public async Task<string> NewSolution(string template, Action<string> change)
    {
        await _installed.Value;
        var folder = NewFolder();
        await DotNet(folder, "new", template, "-n", "Made", "-o", folder);
        change(folder);
        await Configure(folder);
        await DotNet(folder, "build", "-v", "q");
        return folder;
    }

    private string NewFolder() =>
        Directory.CreateDirectory(Path.Combine(_home.FullName, Guid.NewGuid().ToString("N"))).FullName;

    private async Task<string> BuildIn(string folder, string[] properties)
    {
        await Configure(folder);
        var output = Path.Combine(folder, "out");
        await DotNet(
            folder, ["build", "-v", "q", "-o", output, .. properties.Select(static property => "-p:" + property)]);
        return output;
    }

    private Task Configure(string folder)
    {
        // Packages of others come from the folder that was used so far; those of this repository must not enter it.
        var known = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } set
            ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        return File.WriteAllTextAsync(
            Path.Combine(folder, "nuget.config"),
            $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{Path.Combine(_home.FullName, "packages")}" /></config>
              <fallbackPackageFolders><clear /><add key="known" value="{known}" /></fallbackPackageFolders>
              <packageSources><add key="feed" value="{Feed}" /></packageSources>
            </configuration>
            """,
            Cancel);
    }

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Its output.</returns>
    public static async Task<string> Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Path.GetDirectoryName(program)!,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return await Run(start);
    }

    private Task<string> DotNet(string folder, params string[] arguments) => Run(Start(folder, "dotnet", arguments));

    private ProcessStartInfo Start(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("NUGET_PACKAGES"); // It wins over nuget.config.
        start.Environment["DOTNET_CLI_HOME"] = _home.FullName; // The templates are installed for the tests only.

        // Those of the test run would make the build use other tools than a user's.
        start.Environment.Remove("MSBuildSDKsPath");
        start.Environment.Remove("MSBUILD_EXE_PATH");
        return start;
    }

    private static async Task<string> Run(ProcessStartInfo start)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(Patience);
        using var process = Process.Start(start)!;
        try
        {
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            Assert.True(
                process.ExitCode == 0,
                $"{start.FileName} {string.Join(' ', start.ArgumentList)}: {process.ExitCode}\n{output}\n"
                    + await errors);
            return output;
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}

using System.Diagnostics;
using System.IO.Compression;
using OrleansDtm.Tests.Support;
using Xunit;

namespace OrleansDtm.Client.Tests.Analyzers;

/// <summary>Users of the SDK get the analyzer without a reference of their own.</summary>
public sealed class PackageTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_package_of_the_analyzer_is_for_the_compiler_only()
    {
        await using var package = await Pack("OrleansDtm.Analyzers");
        Assert.Contains(
            package.Entries, static file => file.FullName == "analyzers/dotnet/cs/OrleansDtm.Analyzers.dll");
        Assert.Contains(package.Entries, static file => file.FullName == "README.md");
        Assert.DoesNotContain(
            package.Entries, static file => file.FullName.StartsWith("lib/", StringComparison.Ordinal));
        Assert.DoesNotContain("<dependency id", await Nuspec(package), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OrleansDtm.Client", "OrleansDtm.Analyzers")]
    [InlineData("OrleansDtm.Client.AspNetCore", "OrleansDtm.Client")]
    [InlineData("OrleansDtm.Client.EntityFrameworkCore", "OrleansDtm.Client")]
    [InlineData("OrleansDtm.Client.Grpc", "OrleansDtm.Client")]
    [InlineData("OrleansDtm.Client.Redis", "OrleansDtm.Client")]
    public async Task The_packages_of_the_SDK_pass_it_on(string name, string dependency)
    {
        await using var package = await Pack(name);
        var line = Assert.Single(
            (await Nuspec(package)).Split('\n'),
            line => line.Contains($"<dependency id=\"{dependency}\"", StringComparison.Ordinal));
        Assert.DoesNotContain("exclude=", line, StringComparison.Ordinal);
        Assert.Matches("include=\"(All|.*Analyzers.*)\"", line);
    }

    private static async Task<string> Nuspec(ZipArchive package)
    {
        var entry = Assert.Single(package.Entries, static e => e.Name.EndsWith(".nuspec", StringComparison.Ordinal));
        using var reader = new StreamReader(await entry.OpenAsync(Cancel));
        return await reader.ReadToEndAsync(Cancel);
    }

    /// <summary>Packs what the build of these tests has built.</summary>
    private static async Task<ZipArchive> Pack(string name)
    {
        var folder = Directory.CreateTempSubdirectory("orleansdtm-package-");
        try
        {
            var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
            using var pack = Process.Start(new ProcessStartInfo(
                "dotnet", [
                    "pack", RepositoryRoot.File("src", name), "--no-build", "--no-restore", "-c", configuration, "-o",
                    folder.FullName, "-v", "q",
                ])
            {
                RedirectStandardOutput = true,
            })!;
            var output = await pack.StandardOutput.ReadToEndAsync(Cancel);
            await pack.WaitForExitAsync(Cancel);
            Assert.True(pack.ExitCode == 0, output);
            var file = Assert.Single(Directory.GetFiles(folder.FullName, "*.nupkg"));
            var bytes = await File.ReadAllBytesAsync(file, Cancel);
            return new ZipArchive(new MemoryStream(bytes));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}

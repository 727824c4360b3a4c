using System.Diagnostics;
using OrleansDtm.Tests.Support;
using Xunit;

namespace OrleansDtm.Testing.Tests;

/// <summary>The C# of the package's README, and the sample that it shows.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void All_code_of_the_README_is_compiled() => Assert.Equal(
        ReadmeCode.Snippets("tests", "OrleansDtm.Testing.Tests", $"{nameof(ReadmeSnippets)}.cs")
            .Append(File.ReadAllText(RepositoryRoot.File("src", "Samples", "TestingSample", "TransferTests.cs")))
            .Order(StringComparer.Ordinal),
        ReadmeCode.Blocks("src", "OrleansDtm.Testing", "README.md").Order(StringComparer.Ordinal));

    [Fact]
    public async Task The_sample_passes()
    {
        // The sample's own build output, because it uses other libraries than the tests.
        var built = AppContext.BaseDirectory.Replace(
            RepositoryRoot.File("tests", "OrleansDtm.Testing.Tests"),
            RepositoryRoot.File("src", "Samples", "TestingSample"),
            StringComparison.Ordinal);
        var folder = Directory.CreateTempSubdirectory("orleansdtm-testing-");
        using var sample = Process.Start(
            new ProcessStartInfo("dotnet", [Path.Combine(built, "TestingSample.dll")])
            {
                WorkingDirectory = folder.FullName,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        var errors = sample.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await sample.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await sample.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(sample.ExitCode == 0, $"exit code {sample.ExitCode}\n{output}\n{await errors}");
        Assert.Contains("Total: 3, Errors: 0, Failed: 0", output, StringComparison.Ordinal);
        folder.Delete(recursive: true);
    }
}

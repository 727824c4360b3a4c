using System.Diagnostics;
using System.Text.RegularExpressions;
using OrleansDtm.Tests.Support;
using Xunit;

namespace OrleansDtm.Testing.Tests;

/// <summary>The C# of the package's README, and the sample that it shows.</summary>
public sealed partial class ReadmeTests
{
    private static string[] Blocks =>
    [
        .. CSharpBlock().Matches(File.ReadAllText(RepositoryRoot.File("src", "OrleansDtm.Testing", "README.md")))
            .Select(static match => match.Groups[1].Value),
    ];

    [Fact]
    public void All_code_of_the_README_is_compiled()
    {
        var source = File.ReadAllText(
            RepositoryRoot.File("tests", "OrleansDtm.Testing.Tests", $"{nameof(ReadmeSnippets)}.cs"));
        var compiled = Snippet().Matches(source).Select(static match => Regex.Replace(
            match.Groups[3].Value + "\n", $"^{match.Groups[1].Value}", "", RegexOptions.Multiline));
        Assert.Equal(
            [.. compiled.Append(File.ReadAllText(RepositoryRoot.File(
                "src", "Samples", "TestingSample", "TransferTests.cs"))).Order(StringComparer.Ordinal)],
            Blocks.Order(StringComparer.Ordinal));
    }

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

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CSharpBlock();

    [GeneratedRegex(@"( *)// <(\w+)>\n(.*?)\n *// </\2>", RegexOptions.Singleline)]
    private static partial Regex Snippet();
}

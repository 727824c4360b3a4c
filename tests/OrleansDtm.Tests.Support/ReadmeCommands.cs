using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit;

namespace OrleansDtm.Tests.Support;

/// <summary>The READMEs of the repository and the commands in them.</summary>
internal static partial class ReadmeCommands
{
    public static string Root => RepositoryRoot.File("README.md");

    /// <summary>The bash blocks of all READMEs.</summary>
    public static IEnumerable<string> Blocks() => All().SelectMany(Blocks);

    public static IEnumerable<string> Blocks(string readme) =>
        BashBlock().Matches(File.ReadAllText(readme)).Select(match => match.Groups[1].Value);

    public static IEnumerable<string> All() => new[] { "src", "tests", "helm", ".github" }
        .SelectMany(
            folder => Directory.EnumerateFiles(RepositoryRoot.File(folder), "*.md", SearchOption.AllDirectories))
        .Where(path => !path.Contains("/bin/", StringComparison.Ordinal)
            && !path.Contains("/obj/", StringComparison.Ordinal))
        .Append(Root);

    public static async Task<string> Bash(string script)
    {
        using var bash = Process.Start(new ProcessStartInfo("bash", ["-e"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        await bash.StandardInput.WriteAsync(script);
        bash.StandardInput.Close();
        var output = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = await bash.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(bash.ExitCode == 0, $"exit code {bash.ExitCode}: {errors}{output}");
        return output;
    }

    [GeneratedRegex("```bash\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex BashBlock();
}

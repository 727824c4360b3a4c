using System.Diagnostics;
using OrleansDtm.Tests.Support;
using Xunit;

namespace OrleansDtm.WireTests.Release;

/// <summary>Runs scripts of the repository and other programs to their end.</summary>
internal static class Script
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Skips the test if a program is not installed; with CI=true it fails.</summary>
    public static void Require(params string[] programs)
    {
        foreach (var program in programs.Where(static program => Find(program) is null))
        {
            Assert.False(
                Environment.GetEnvironmentVariable("CI") == "true", $"{program} is missing; .ci/run installs it");
            Assert.Skip($"{program} is not installed");
        }
    }

    /// <summary>Runs a program, or a script by its path in the repository, and asserts that it succeeds.</summary>
    /// <returns>Its standard output.</returns>
    public static async Task<string> Run(
        string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var (exit, output, errors) = await Try(program, arguments, environment);
        Assert.True(exit == 0, $"{program} {string.Join(' ', arguments)}: exit code {exit}\n{output}\n{errors}");
        return output;
    }

    public static async Task<(int Exit, string Output, string Errors)> Try(
        string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        using var process = Start(program, arguments, environment);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(Limit);
        try
        {
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, output, await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    /// <summary>Starts it; the caller reads its output.</summary>
    public static Process Start(
        string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var isScript = program.Contains('/', StringComparison.Ordinal) && !Path.IsPathRooted(program);
        var start = new ProcessStartInfo(isScript ? RepositoryRoot.File(program) : program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Those of the test run would make a build use other tools than a user's.
        foreach (var name in (string[])["MSBuildSDKsPath", "MSBUILD_EXE_PATH", "GITHUB_OUTPUT"])
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>Returns the path of an installed program; null = it is not.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Append("/usr/sbin")
            .Select(place => Path.Combine(place, program))
            .FirstOrDefault(File.Exists);
}

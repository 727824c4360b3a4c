using System.Diagnostics;
using OrleansDtm.Tests.Support;
using Xunit;

namespace OrleansDtm.WireTests.Helm;

/// <summary>
/// Runs the real helm on the repository's chart. Tests are skipped if it is not on the PATH; with CI=true they fail.
/// </summary>
internal static class Helm
{
    /// <summary>The value that the chart requires before it renders anything.</summary>
    public const string Open = "security.allowAnonymous=true";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static string Chart => RepositoryRoot.File("helm", "orleansdtm");

    /// <summary>Renders the manifests with a release name that shows whether a template uses it.</summary>
    public static async Task<string> Template(string release, params string[] options)
    {
        var (exit, output, errors) = await Run(["template", release, Chart, "--namespace", "dtm", .. options]);
        Assert.True(exit == 0, errors);
        return output;
    }

    public static async Task<(int Exit, string Output, string Errors)> Run(params string[] arguments)
    {
        using var process = Start("helm", arguments);
        if (process is null)
        {
            Assert.False(
                Environment.GetEnvironmentVariable("CI") == "true",
                "helm is not on PATH; tests/helm/get-helm.sh fetches it");
            Assert.Skip("helm is not on PATH");
        }

        return await Finish(process);
    }

    /// <summary>Starts a program; null = it is not installed.</summary>
    public static Process? Start(
        string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var places = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        var found = places.Select(place => Path.Combine(place, program)).FirstOrDefault(File.Exists);
        if (found is null)
        {
            return null;
        }

        var start = new ProcessStartInfo(found, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start);
    }

    public static async Task<(int Exit, string Output, string Errors)> Finish(Process process)
    {
        try
        {
            var (output, errors) =
                (process.StandardOutput.ReadToEndAsync(Cancel), process.StandardError.ReadToEndAsync(Cancel));
            await process.WaitForExitAsync(Cancel).WaitAsync(Limit, Cancel);
            return (process.ExitCode, await output, await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}

using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace OrleansDtm.Benchmarks.Report;

/// <summary>The machine and the commit of the measurement.</summary>
internal sealed record Machine(string Cpu, int Cores, string System, string Runtime, string Commit)
{
    public static async Task<Machine> Describe(CancellationToken stop) => new(
        CpuName(),
        Environment.ProcessorCount,
        $"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}",
        RuntimeInformation.FrameworkDescription,
        await Git("rev-parse --short HEAD", stop) is { } commit
            ? commit + (await Git("status --porcelain --untracked-files=no", stop) is "" ? "" : " with changes")
            : "unknown");

    private static string CpuName()
    {
        const string Linux = "/proc/cpuinfo";
        var line = File.Exists(Linux)
            ? File.ReadLines(Linux).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
            ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER")
            ?? "unknown processor";
    }

    /// <summary>Runs git; null = git or the repository is missing.</summary>
    private static async Task<string?> Git(string arguments, CancellationToken stop)
    {
        try
        {
            using var git = Process.Start(new ProcessStartInfo("git", arguments)
            {
                WorkingDirectory = AppContext.BaseDirectory,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var output = await git.StandardOutput.ReadToEndAsync(stop);
            await git.WaitForExitAsync(stop);
            return git.ExitCode == 0 ? output.Trim() : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}

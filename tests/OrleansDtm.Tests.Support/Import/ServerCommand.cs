using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace OrleansDtm.Tests.Support.Import;

/// <summary>A run of the server's program with a command, in its own process.</summary>
/// <param name="Code">The exit code.</param>
/// <param name="Output">What it wrote to standard output.</param>
/// <param name="Errors">What it wrote to standard error.</param>
internal sealed record ServerCommand(int Code, string Output, string Errors)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static Task<ServerCommand> Run(params IEnumerable<string> args) => Run(null, args);

    /// <param name="interruptAt">
    /// The command is interrupted, as by Ctrl-C, when a line with this text appears; null = it is not interrupted.
    /// </param>
    /// <param name="args">The arguments.</param>
    /// <param name="folder">The working directory; null = that of the tests.</param>
    /// <param name="environment">Additional variables.</param>
    public static async Task<ServerCommand> Run(
        string? interruptAt,
        IEnumerable<string> args,
        string? folder = null,
        params IEnumerable<(string Name, string Value)> environment)
    {
        var start = new ProcessStartInfo(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "OrleansDtm.Server.dll"), .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(Cancel);
        var output = new StringWriter();
        while (await process.StandardOutput.ReadLineAsync(Cancel).AsTask().WaitAsync(Limit, Cancel) is { } line)
        {
            await output.WriteLineAsync(line);
            if (interruptAt is not null && line.Contains(interruptAt, StringComparison.Ordinal))
            {
                // SIGTERM, which the command treats like SIGINT: processes that a shell starts in the background may
                // ignore SIGINT, and so do their children.
                using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
                await kill.WaitForExitAsync(Cancel);
            }
        }

        await process.WaitForExitAsync(Cancel).WaitAsync(Limit, Cancel);
        return new ServerCommand(process.ExitCode, output.ToString(), await errors);
    }

    public void Ends(int code) => Assert.True(Code == code, $"exit code {Code}: {Errors}{Output}");
}

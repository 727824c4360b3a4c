using System.Diagnostics;

namespace OrleansDtm.Faults.Machines;

/// <summary>Runs programs of the system.</summary>
internal static class Shell
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <returns>True if the program's exit code is 0.</returns>
    public static async Task<bool> Try(string program, params string[] arguments)
    {
        var (code, _) = await Execute(program, arguments);
        return code == 0;
    }

    public static async Task Run(string program, params string[] arguments)
    {
        var (code, text) = await Execute(program, arguments);
        if (code != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {code} {text}");
        }
    }

    private static async Task<(int Code, string Text)> Execute(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        Process? process;
        try
        {
            process = Process.Start(start);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (-1, e.Message); // The program is not installed.
        }

        using (process)
        {
            var (errors, output) = (process!.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
            await process.WaitForExitAsync().WaitAsync(Limit);
            return (process.ExitCode, await errors + await output);
        }
    }
}

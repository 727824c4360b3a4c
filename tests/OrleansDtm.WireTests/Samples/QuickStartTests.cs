using System.Diagnostics;
using Xunit;

namespace OrleansDtm.WireTests.Samples;

/// <summary>The quick start, run as a user does: as a process. It checks itself and returns an exit code.</summary>
public sealed class QuickStartTests
{
    [Fact]
    public async Task QuickStart_moves_the_money_once_and_takes_it_back_once()
    {
        using var sample = Process.Start(
            new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "QuickStart.dll")])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        var errors = sample.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await sample.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await sample.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(sample.ExitCode == 0, $"exit code {sample.ExitCode}\n{output}\n{await errors}");
        Assert.Contains("A = 70, B = 130", output, StringComparison.Ordinal);
        Assert.Contains("/TransInCompensate", output, StringComparison.Ordinal);
    }
}

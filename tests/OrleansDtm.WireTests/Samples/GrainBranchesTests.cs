using System.Diagnostics;
using OrleansDtm.Tests.Support;
using Xunit;

namespace OrleansDtm.WireTests.Samples;

/// <summary>The sample with grains as branches, run as a process. It checks itself and returns an exit code.</summary>
public sealed class GrainBranchesTests
{
    [Fact]
    public async Task GrainBranches_moves_the_money_once_and_takes_it_back_once()
    {
        // The sample's own build output, because it uses other libraries than the tests.
        var built = AppContext.BaseDirectory.Replace(
            RepositoryRoot.File("tests", "OrleansDtm.WireTests"),
            RepositoryRoot.File("src", "Samples", "GrainBranches"),
            StringComparison.Ordinal);
        using var sample = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(built, "GrainBranches.dll")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = sample.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await sample.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await sample.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(sample.ExitCode == 0, $"exit code {sample.ExitCode}\n{output}\n{await errors}");
        Assert.Contains("balances A = 70, B = 130", output, StringComparison.Ordinal);
        Assert.Contains("it has ended: Failed", output, StringComparison.Ordinal);
    }
}

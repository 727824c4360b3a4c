using System.Diagnostics;
using OrleansDtm.Tests.Support;
using OrleansDtm.WireTests.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Grpc;

/// <summary>
/// Python's gRPC library with messages encoded by hand: a client and a branch service without any code of this
/// repository.
/// </summary>
[Collection(SharedServer.Name)]
public sealed class GrpcioTests(RunningServer running)
{
    private const string Python = "/usr/bin/python3";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Python_calls_all_methods_and_brings_a_saga_to_its_end()
    {
        var (found, _) = await Run("-c", "import grpc");
        if (found != 0)
        {
            Assert.False(
                Environment.GetEnvironmentVariable("CI") == "true", $"{Python} has no grpcio; install python3-grpcio");
            Assert.Skip($"{Python} with grpcio is not here");
        }

        var (exit, output) = await Run(
            RepositoryRoot.File("tests", "OrleansDtm.WireTests", "Grpc", "grpcio_check.py"),
            new Uri(running.Process.GrpcUrl).Authority);

        Assert.True(exit == 0, $"{output}\n{running.Process.Tail}");
        Assert.Contains("nine methods, two sagas", output, StringComparison.Ordinal);
    }

    private static async Task<(int Exit, string Output)> Run(params string[] arguments)
    {
        if (!File.Exists(Python))
        {
            return (-1, $"no {Python}");
        }

        var start = new ProcessStartInfo(Python, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        using var process = Process.Start(start)!;
        try
        {
            var (output, errors) =
                (process.StandardOutput.ReadToEndAsync(Cancel), process.StandardError.ReadToEndAsync(Cancel));
            await process.WaitForExitAsync(Cancel).WaitAsync(TimeSpan.FromMinutes(1), Cancel);
            return (process.ExitCode, await output + await errors);
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

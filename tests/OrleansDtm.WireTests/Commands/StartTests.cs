using System.Net;
using System.Net.Sockets;
using OrleansDtm.Tests.Support.Import;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Commands;

/// <summary>What a newcomer sees at the start: one clear line, whether it works or not.</summary>
public sealed class StartTests : IDisposable
{
    private const string Ready = "is ready after";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("orleansdtm-start-");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task It_says_what_answers_where_and_names_settings_that_do_not_exist()
    {
        var (http, grpc) = (FreePort.Next(), FreePort.Next());
        await File.WriteAllTextAsync(Own("appsettings.json"), """{ "Store": { "Pathh": "x" } }""", Cancel);
        var run = await Start(
            [$"--HttpPort={http}", $"--GrpcPort={grpc}"],
            ("ORLEANSDTM_HTTP_PORT", "5"),
            ("ORLEANSDTM_LogLevl", "debug"),
            ("STORE_PASWORD", "secret"),
            ("Store__Pathh", "x"),
            ("HTTP_PROXY", ""),
            ("CONFIG_UPDATE_INTERVAL", "3"),
            // What Kubernetes adds for a Service with the name orleansdtm.
            ("ORLEANSDTM_SERVICE_HOST", "10.0.0.1"),
            ("ORLEANSDTM_PORT", "tcp://10.0.0.1:36789"),
            ("ORLEANSDTM_PORT_36789_TCP_ADDR", "10.0.0.1"));

        Assert.Equal(0, run.Code);
        var ready = Assert.Single(run.Output, static line => line.Contains(Ready, StringComparison.Ordinal));
        Assert.Contains(
            $"HTTP API http://localhost:{http}/api/dtmsvr, gRPC http://localhost:{grpc}, admin page "
                + $"http://localhost:{http}/, metrics http://localhost:{http}/api/metrics; transactions in ",
            ready,
            StringComparison.Ordinal);
        Assert.EndsWith("Ctrl+C or SIGTERM stops it", ready, StringComparison.Ordinal);
        Assert.Equal(
            [
                "environment: ORLEANSDTM_HTTP_PORT is not a setting. Did you mean ORLEANSDTM_HttpPort?",
                "environment: ORLEANSDTM_LogLevl is not a setting. Did you mean ORLEANSDTM_LogLevel?",
                "environment: STORE_PASWORD is not a setting. Did you mean STORE_PASSWORD?",
                "environment: Store__Pathh is not a setting. Did you mean Store__Path?",
                $"{Own("appsettings.json")}: Store:Pathh is not a setting. Did you mean Store:Path?",
                "ConfigUpdateInterval has no effect: topics are always current. Remove it.",
            ],
            run.Errors.Select(static line => line[..(line.LastIndexOf('?') is >= 0 and var end ? end + 1 : ^0)]));
        Assert.DoesNotContain(run.Output, static line => line.Contains("grain service", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Strict_settings_refuse_what_does_not_exist()
    {
        await File.WriteAllTextAsync(Own("conf.yml"), "HtpPort: 1\nSettings:\n  Strict: true\n", Cancel);
        var run = await Start(["-c", Own("conf.yml")], ("ORLEANSDTM_Stor__Path", "x"));
        Assert.Equal(2, run.Code);
        Assert.Equal(3, run.Errors.Count);
        Assert.Contains("HtpPort is not a setting. Did you mean HttpPort?", run.Errors[1], StringComparison.Ordinal);
        Assert.Contains("Did you mean ORLEANSDTM_Store__Path?", run.Errors[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_in_use_is_one_line()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        var run = await Start([$"--HttpPort={port}", "--GrpcPort=0"]);
        Assert.Equal(1, run.Code);
        Assert.Equal(
            $"Cannot start: HttpPort {port} is in use. Stop the other process, or set --HttpPort to a free port. "
                + "[ODTM1003]",
            Assert.Single(run.Errors));
        Assert.Empty(run.Output);
    }

    [Theory]
    [InlineData("[ODTM2005]", "--Store:Driver=mysql", "--Store:ConnectionString=Server=127.0.0.1;Port=1;Database=z")]
    [InlineData("[ODTM2005]", "--Store:Driver=postgres", "--Store:ConnectionString=Host=127.0.0.1;Port=1;Database=z")]
    [InlineData("[ODTM2017]", "--Store:Path=/proc/nowhere/dtm.db")]
    public async Task A_store_that_cannot_be_used_is_one_line_with_what_to_do(string code, params string[] store)
    {
        var run = await Start(["--HttpPort=0", "--GrpcPort=0", .. store]);
        Assert.Equal(1, run.Code);
        var line = Assert.Single(run.Errors);
        Assert.StartsWith("Cannot start: ", line, StringComparison.Ordinal);
        Assert.Contains(code, line, StringComparison.Ordinal);
        Assert.EndsWith("'check-config' with the same settings examines it.", line, StringComparison.Ordinal);
        Assert.DoesNotContain(run.Output, static l => l.Contains("   at ", StringComparison.Ordinal));
    }

    private string Own(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>Runs the program in a folder of its own; when it is ready, it is stopped.</summary>
    private async Task<(int Code, IReadOnlyList<string> Output, IReadOnlyList<string> Errors)> Start(
        string[] args, params (string Name, string Value)[] environment)
    {
        var run = await ServerCommand.Run(Ready, args, _folder.FullName, environment);
        return (run.Code, Lines(run.Output), Lines(run.Errors));
    }

    private static string[] Lines(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}

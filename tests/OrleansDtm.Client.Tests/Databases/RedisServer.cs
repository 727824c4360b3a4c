using System.Diagnostics;
using OrleansDtm.Tests.Support.Wire;
using StackExchange.Redis;
using Xunit;

namespace OrleansDtm.Client.Tests.Databases;

/// <summary>Redis from Debian's package on a Unix socket, without persistence. It is ended by process id.</summary>
public sealed class RedisServer : IAsyncLifetime
{
    private const string Program = "/usr/bin/redis-server";

    private readonly string _folder = Directory.CreateTempSubdirectory("orleansdtm-redis-").FullName;
    private Process? _process;
    private ConnectionMultiplexer? _connection;

    /// <summary>The database. Skips the test if Redis is not installed; with CI=true the test fails.</summary>
    public IDatabase Database
    {
        get
        {
            if (_connection is null)
            {
                Assert.False(Environment.GetEnvironmentVariable("CI") == "true", "redis-server is not installed");
                Assert.Skip("redis-server is not installed");
            }

            return _connection.GetDatabase();
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Program))
        {
            return;
        }

        // A Unix socket needs no port, which another process might take.
        var socket = Path.Combine(_folder, "redis.sock");
        _process = Process.Start(new ProcessStartInfo(
            Program, [
                "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", _folder,
                "--daemonize", "no",
            ])
        {
            RedirectStandardOutput = true,
        })!;
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        _process.OutputDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        var options = new ConfigurationOptions
        {
            EndPoints = { new System.Net.Sockets.UnixDomainSocketEndPoint(socket) },
            AbortOnConnectFail = false,
        };
        _connection = await ConnectionMultiplexer.ConnectAsync(options);
        await Poll.Until(
            () => Task.FromResult(_connection.IsConnected),
            Poll.Patience,
            static () => "Redis did not start",
            TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }

        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private void OnExit(object? sender, EventArgs e) => _process?.Kill();
}

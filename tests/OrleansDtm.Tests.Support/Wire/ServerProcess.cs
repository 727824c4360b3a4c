using System.Diagnostics;
using System.Globalization;

namespace OrleansDtm.Tests.Support.Wire;

/// <summary>
/// The real server as a process of its own, on free loopback ports and a store file that outlive a restart.
/// </summary>
public sealed class ServerProcess : IAsyncDisposable
{
    private const int TailLines = 200;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleans-dtm-");
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(2) };
    private readonly Queue<string> _tail = new();
    private readonly Dictionary<string, string> _settings;
    private Process? _process;

    private ServerProcess(IEnumerable<(string Name, string Value)> settings)
    {
        var (http, grpc) = (FreePort.Next(), FreePort.Next());
        Url = $"http://127.0.0.1:{http}";
        GrpcUrl = $"http://127.0.0.1:{grpc}";
        _settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["HTTP_PORT"] = http.ToString(CultureInfo.InvariantCulture),
            ["GRPC_PORT"] = grpc.ToString(CultureInfo.InvariantCulture),
            ["STORE_DRIVER"] = "sqlite",
            ["STORE_PATH"] = Path.Combine(_home.FullName, "dtm.db"),
            ["LOG_LEVEL"] = "warn",
            ["RETRY_INTERVAL"] = "0.3",
            ["REQUEST_TIMEOUT"] = "3",
            ["TRANS_CRON_INTERVAL"] = "1",
        };
        foreach (var (name, value) in settings)
        {
            _settings[name] = value;
        }
    }

    public string Url { get; }

    /// <summary>The SQLite file, unless other settings say otherwise.</summary>
    public string StorePath => _settings["STORE_PATH"];

    /// <summary>The gRPC port, in the form a channel wants.</summary>
    public string GrpcUrl { get; }

    /// <summary>Of the process that runs, or ran last.</summary>
    public int Id => _process!.Id;

    public bool HasExited => _process!.HasExited;

    /// <summary>Told of each line it writes; null = nobody is.</summary>
    public Action<string>? Wrote { get; set; }

    /// <summary>From the last start of the process to its first answered ping.</summary>
    public TimeSpan Startup { get; private set; }

    /// <summary>The last lines it wrote, for a failure's message.</summary>
    public string Tail
    {
        get
        {
            lock (_tail)
            {
                return string.Join('\n', _tail);
            }
        }
    }

    public static async Task<ServerProcess> Start(
        CancellationToken cancel, params (string Name, string Value)[] settings)
    {
        var server = new ServerProcess(settings);
        try
        {
            await server.Run(cancel);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts again what was killed or terminated: same ports, same file.</summary>
    public Task Restart(CancellationToken cancel) => Run(cancel);

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public async Task Kill(CancellationToken cancel)
    {
        _process!.Kill();
        await _process.WaitForExitAsync(cancel);
    }

    /// <summary>SIGSTOP: it keeps its connections and does nothing.</summary>
    public Task Pause(CancellationToken cancel) => Signal("STOP", cancel);

    /// <summary>SIGCONT: it goes on as if no time had passed.</summary>
    public Task Resume(CancellationToken cancel) => Signal("CONT", cancel);

    /// <summary>SIGTERM: what an orchestrator sends before it loses its patience.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> Terminate(TimeSpan within, CancellationToken cancel)
    {
        await Signal("TERM", cancel);
        return await Exit(within, cancel);
    }

    /// <summary>Waits until it has ended.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> Exit(TimeSpan within, CancellationToken cancel)
    {
        try
        {
            await _process!.WaitForExitAsync(cancel).WaitAsync(within, cancel);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"the server still runs after {within.TotalSeconds} s:\n{Tail}");
        }

        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await Kill(CancellationToken.None);
        }

        _process?.Dispose();
        _http.Dispose();
        _home.Delete(recursive: true);
    }

    private async Task Signal(string signal, CancellationToken cancel)
    {
        using var kill = Process.Start("kill", ["-" + signal, _process!.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(cancel);
    }

    private async Task Run(CancellationToken cancel)
    {
        _process?.Dispose();
        var start = new ProcessStartInfo(DotNet(), [ServerDll()])
        {
            WorkingDirectory = _home.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("ASPNETCORE_URLS");
        start.Environment.Remove("ASPNETCORE_HTTP_PORTS");
        foreach (var (name, value) in _settings)
        {
            start.Environment[name] = value;
        }

        var clock = Stopwatch.StartNew();
        var process = _process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Remember(line.Data);
        process.ErrorDataReceived += (_, line) => Remember(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await Poll.Until(
            () => Pings(process, cancel), StartLimit, () => $"the server does not answer ping:\n{Tail}", cancel);
        Startup = clock.Elapsed;
    }

    private async Task<bool> Pings(Process process, CancellationToken cancel)
    {
        if (process.HasExited)
        {
            throw new InvalidOperationException(
                $"the server exited with {process.ExitCode} before it answered:\n{Tail}");
        }

        try
        {
            using var answer = await _http.GetAsync(new Uri(Url + "/api/ping"), cancel);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException
            || (e is TaskCanceledException && !cancel.IsCancellationRequested))
        {
            return false;
        }
    }

    private void Remember(string? line)
    {
        if (line is null)
        {
            return;
        }

        Wrote?.Invoke(line);
        lock (_tail)
        {
            _tail.Enqueue(line);
            if (_tail.Count > TailLines)
            {
                _tail.Dequeue();
            }
        }
    }

    private static string DotNet() =>
        Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";

    private static string ServerDll()
    {
        const string Name = "OrleansDtm.Server";
        var beside = new DirectoryInfo(AppContext.BaseDirectory);
        var places = new List<string> { beside.FullName };
        for (var folder = beside; folder is not null; folder = folder.Parent)
        {
            // BaseDirectory ends in bin/<configuration>/<framework>: the server of the same configuration comes first.
            var bin = Path.Combine(folder.FullName, "src", Name, "bin");
            places.AddRange(
                from c in new[] { beside.Parent?.Name ?? "", "Debug", "Release" }
                select Path.Combine(bin, c, "net10.0"));
        }

        return places
            .Where(static p => File.Exists(Path.Combine(p, Name + ".dll"))
                && File.Exists(Path.Combine(p, Name + ".runtimeconfig.json")))
            .Select(static p => Path.Combine(p, Name + ".dll"))
            .FirstOrDefault() ?? throw new FileNotFoundException(
                $"{Name}.dll is neither beside the tests nor in src/{Name}/bin.");
    }
}

using System.Diagnostics;
using System.Globalization;

namespace OrleansDtm.Tests.Support.Wire;

/// <summary>
/// The real server in its own process. Its loopback ports and its store file stay the same after a restart.
/// </summary>
public sealed class ServerProcess : IAsyncDisposable
{
    private const int TailLines = 200;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleans-dtm-");
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(2) };
    private readonly Queue<string> _tail = new();
    private readonly Dictionary<string, string> _settings;
    private readonly int _openFiles;
    private Process? _process;

    /// <param name="settings">Environment variables.</param>
    /// <param name="openFiles">The limit of open files; 0 = the machine's.</param>
    private ServerProcess(IEnumerable<(string Name, string Value)> settings, int openFiles = 0)
    {
        _openFiles = openFiles;
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

    /// <summary>The SQLite file, unless the settings name another store.</summary>
    public string StorePath => _settings["STORE_PATH"];

    /// <summary>The gRPC address in the form that a channel requires.</summary>
    public string GrpcUrl { get; }

    /// <summary>The id of the running process, or of the last one.</summary>
    public int Id => _process!.Id;

    public bool HasExited => _process!.HasExited;

    /// <summary>Called with each line of output; null = not called.</summary>
    public Action<string>? Wrote { get; set; }

    /// <summary>The time from the last start of the process to its first response to a ping.</summary>
    public TimeSpan Startup { get; private set; }

    /// <summary>The last lines of output, for the message of a failed test.</summary>
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

    public static Task<ServerProcess> Start(CancellationToken cancel, params (string Name, string Value)[] settings) =>
        Start(new ServerProcess(settings), cancel);

    /// <summary>Starts it with a limit of open files, by Linux' prlimit.</summary>
    public static Task<ServerProcess> StartLimited(
        int openFiles, CancellationToken cancel, params (string Name, string Value)[] settings) =>
        Start(new ServerProcess(settings, openFiles), cancel);

    private static async Task<ServerProcess> Start(ServerProcess server, CancellationToken cancel)
    {
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

    /// <summary>Starts a killed or terminated server again, with the same ports and file.</summary>
    public Task Restart(CancellationToken cancel) => Run(cancel);

    /// <summary>Sends SIGKILL: no handler runs, nothing is flushed.</summary>
    public async Task Kill(CancellationToken cancel)
    {
        _process!.Kill();
        await _process.WaitForExitAsync(cancel);
    }

    /// <summary>Sends SIGSTOP: the server keeps its connections and does nothing.</summary>
    public Task Pause(CancellationToken cancel) => Signal("STOP", cancel);

    /// <summary>Sends SIGCONT: the server continues.</summary>
    public Task Resume(CancellationToken cancel) => Signal("CONT", cancel);

    /// <summary>Sends SIGTERM, as an orchestrator does, and waits for the exit.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> Terminate(TimeSpan within, CancellationToken cancel)
    {
        await Signal("TERM", cancel);
        return await Exit(within, cancel);
    }

    /// <summary>Waits for the exit of the process.</summary>
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
        string[] command = [DotNet(), ServerDll()];
        string[] limited = [$"--nofile={_openFiles}:{_openFiles}", .. command];
        var start = new ProcessStartInfo(
            _openFiles > 0 ? "prlimit" : command[0], _openFiles > 0 ? limited : command[1..])
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
            await process.WaitForExitAsync(cancel); // Its last lines have been read.
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

    /// <summary>Returns the path of the built server.</summary>
    public static string ServerDll()
    {
        const string Name = "OrleansDtm.Server";
        var beside = new DirectoryInfo(AppContext.BaseDirectory);
        var places = new List<string> { beside.FullName };
        for (var folder = beside; folder is not null; folder = folder.Parent)
        {
            // BaseDirectory ends in bin/<configuration>/<framework>. Prefer the server of the same configuration.
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

using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using OrleansDtm.Faults.Histories;

namespace OrleansDtm.Faults.Machines;

/// <summary>
/// The slot of a silo. Runs at most one process, and restarts it after it ended, as an orchestrator does.
/// </summary>
internal sealed class SiloProcess : IAsyncDisposable
{
    private const int TailLines = 60;
    private const int ErrorsMax = 20;

    private static readonly TimeSpan Respite = TimeSpan.FromSeconds(1);

    private readonly int _slot;
    private readonly Network _network;
    private readonly History _history;
    private readonly IReadOnlyDictionary<string, string> _settings;
    private readonly Queue<string> _tail = new();
    private readonly List<string> _errors = [];
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(3) };
    private readonly string _home;
    private TaskCompletionSource _mayRun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private (int Http, int Grpc, int Silo) _ports;
    private Process? _process;
    private Task _keeper = Task.CompletedTask;
    private int _life;
    private volatile bool _end;

    public SiloProcess(
        int slot, Network network, History history, IReadOnlyDictionary<string, string> settings, string home)
    {
        (_slot, _network, _history, _settings, _home) = (slot, network, history, settings, home);
        Directory.CreateDirectory(home);
        TakePorts();
        HttpDoor = new TcpProxy($"{network.Host}:{network.FreePort()}", HttpAddress);
        GrpcDoor = new TcpProxy($"{network.Host}:{network.FreePort()}", GrpcAddress);
    }

    public int Slot => _slot;

    public string Name => NameOf(_slot);

    /// <summary>The proxy through which clients connect.</summary>
    public TcpProxy HttpDoor { get; }

    public TcpProxy GrpcDoor { get; }

    /// <summary>The clock offset of the next process, such as <c>+1h</c>; null = the correct time.</summary>
    public string? Skew { get; set; }

    /// <summary>The OrleansDtm.Server.dll of another build; null = there is none.</summary>
    public string? OtherServer { get; init; }

    /// <summary>True = the next process runs <see cref="OtherServer"/>.</summary>
    public bool IsOther { get; set; }

    /// <summary>The number of unexpected exits, except of processes that were declared dead.</summary>
    public int Crashes { get; private set; }

    /// <summary>The first errors in the log about requests that failed with an internal error.</summary>
    public IReadOnlyList<string> Errors
    {
        get
        {
            lock (_tail)
            {
                return [.. _errors];
            }
        }
    }

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

    private string HttpAddress => $"{_network.Of(_slot)}:{_ports.Http}";

    private string GrpcAddress => $"{_network.Of(_slot)}:{_ports.Grpc}";

    public static string NameOf(int slot) => ((char)('A' + slot)).ToString();

    /// <summary>Starts the process, and restarts it whenever it has ended.</summary>
    public void Start()
    {
        _mayRun.TrySetResult();
        _keeper = Keep();
    }

    /// <summary>Sends SIGKILL. The next process starts after <see cref="Allow"/>.</summary>
    public async Task Kill()
    {
        Hold();
        await Signal("KILL", "is killed");
    }

    /// <summary>Sends SIGTERM. The next process starts after <see cref="Allow"/>.</summary>
    public async Task Terminate()
    {
        Hold();
        await Signal("TERM", "is told to stop");
    }

    public Task Pause() => Signal("STOP", "is paused");

    public Task Resume() => Signal("CONT", "goes on");

    /// <param name="newPorts">True = the next process uses new ports.</param>
    public void Allow(bool newPorts)
    {
        if (newPorts)
        {
            TakePorts();
        }

        _mayRun.TrySetResult();
    }

    /// <summary>Returns true if the readiness endpoint reports ready.</summary>
    public async Task<bool> IsReady()
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri($"http://{HttpAddress}/health/ready"));
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e)
            when (e is HttpRequestException or TaskCanceledException or System.Net.Sockets.SocketException)
        {
            return false;
        }
    }

    /// <summary>Waits until it ends a transaction: one without calls, which only needs the database.</summary>
    /// <exception cref="TimeoutException">It ends none in time.</exception>
    public async Task Works(TimeSpan within)
    {
        var clock = Stopwatch.StartNew();
        var last = "";
        while (clock.Elapsed < within)
        {
            try
            {
                using var answer = await _http.PostAsJsonAsync(new Uri($"http://{HttpAddress}/api/dtmsvr/submit"), new
                {
                    gid = $"probe-{Guid.NewGuid()}",
                    trans_type = "saga",
                    wait_result = true,
                    steps = new[] { new { action = "", compensate = "" } },
                    payloads = new[] { "" },
                });
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }

                last = $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}";
            }
            catch (Exception e)
                when (e is HttpRequestException or TaskCanceledException or System.Net.Sockets.SocketException)
            {
                last = e.Message;
            }

            await Task.Delay(50);
        }

        throw new TimeoutException($"{Name} ends no transaction after {within.TotalSeconds} s: {last}\n{Tail}");
    }

    /// <summary>Waits for the end of the process. Returns false on timeout.</summary>
    public async Task<bool> HasEnded(TimeSpan within)
    {
        var clock = Stopwatch.StartNew();
        while (_process is { HasExited: false } && clock.Elapsed < within)
        {
            await Task.Delay(50);
        }

        return _process is null or { HasExited: true };
    }

    public async ValueTask DisposeAsync()
    {
        _end = true;
        Hold();
        await Signal("CONT", "goes on");
        await Signal("KILL", "is killed");
        _mayRun.TrySetResult();
        await _keeper;
        HttpDoor.Dispose();
        GrpcDoor.Dispose();
        _http.Dispose();
    }

    private void Hold()
    {
        if (_mayRun.Task.IsCompleted)
        {
            _mayRun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private void TakePorts() => _ports = (_network.FreePort(), _network.FreePort(), _network.FreePort());

    private async Task Signal(string signal, string what)
    {
        if (_process is { HasExited: false } process)
        {
            _history.Add(null, new SiloNews(Name, what));
            await Shell.Try("kill", "-" + signal, process.Id.ToString(CultureInfo.InvariantCulture));
        }
    }

    private async Task Keep()
    {
        while (true)
        {
            await _mayRun.Task;
            if (_end)
            {
                return;
            }

            (HttpDoor.Target, GrpcDoor.Target) = (HttpAddress, GrpcAddress);
            using var process = _process = await Launch();
            await process.WaitForExitAsync();
            var code = process.ExitCode;
            _history.Add(null, new SiloNews(Name, $"ended with {code}"));
            _process = null;
            var wasMeant = !_mayRun.Task.IsCompleted;
            if (!wasMeant)
            {
                Crashes += code == 3 ? 0 : 1; // 3 = the other silos declared it dead.
                await Task.Delay(Respite);
            }
        }
    }

    private async Task<Process> Launch()
    {
        var dll = IsOther ? OtherServer! : Path.Combine(AppContext.BaseDirectory, "OrleansDtm.Server.dll");
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
        var start = _network.IsReal
            ? new ProcessStartInfo(
                "unshare", ["--net", "sh", "-c", "echo here; read _; exec \"$@\"", "sh", dotnet, dll])
            : new ProcessStartInfo(dotnet, [dll]);
        (
            start.WorkingDirectory,
            start.RedirectStandardOutput,
            start.RedirectStandardError,
            start.RedirectStandardInput) = (_home, true, true, true);
        foreach (var (name, value) in Environmental())
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        if (_network.IsReal)
        {
            await process.StandardOutput.ReadLineAsync(); // The first line means that the network namespace exists.
            await Network.Connect(_slot, ++_life, process.Id);
            await process.StandardInput.WriteLineAsync("go");
        }

        _ = Read(process.StandardOutput);
        _ = Read(process.StandardError);
        var build = IsOther ? " as the other build" : "";
        _history.Add(null, new SiloNews(
            Name, Skew is null ? $"starts{build}" : $"starts{build} with its clock at {Skew}"));
        return process;
    }

    private Dictionary<string, string?> Environmental()
    {
        static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
        var all = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ASPNETCORE_URLS"] = null,
            ["ASPNETCORE_HTTP_PORTS"] = null,
            ["ORLEANSDTM_Bind"] = _network.Of(_slot),
            ["ORLEANSDTM_Security__AllowAnonymous"] = "true",
            ["ORLEANSDTM_Cluster__Mode"] = "AdoNet",
            ["ORLEANSDTM_Cluster__SiloPort"] = Text(_ports.Silo),
            ["ORLEANSDTM_Cluster__GatewayPort"] = "0",
            ["HTTP_PORT"] = Text(_ports.Http),
            ["GRPC_PORT"] = Text(_ports.Grpc),
            ["LOG_LEVEL"] = "warn",
        };
        foreach (var (name, value) in _settings)
        {
            all[name] = value;
        }

        if (Skew is { } skew)
        {
            foreach (var (name, value) in FakeTime.Variables(skew))
            {
                all[name] = value;
            }
        }

        return all;
    }

    /// <summary>Reads the output of the process until it ends.</summary>
    private async Task Read(StreamReader from)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            lock (_tail)
            {
                if (line.Contains("fail: OrleansDtm.Server", StringComparison.Ordinal) && _errors.Count < ErrorsMax)
                {
                    _errors.Add($"{Name}: {line}");
                }

                _tail.Enqueue(line);
                if (_tail.Count > TailLines)
                {
                    _tail.Dequeue();
                }
            }
        }
    }
}

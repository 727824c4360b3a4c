using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace OrleansDtm.Benchmarks.Processes;

/// <summary>A process that the benchmark starts, and always ends by its id.</summary>
internal sealed class Child : IAsyncDisposable
{
    private const int LinesKept = 20;
    private const string SetSid = "/usr/bin/setsid";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly Queue<string> _lastLines = new();
    private readonly string _name;
    private readonly Process _process;

    private Child(string name, Process process, Uri url)
    {
        _name = name;
        _process = process;
        Url = url;
        AppDomain.CurrentDomain.ProcessExit += OnExit;
    }

    public Uri Url { get; }

    public int Pid => _process.Id;

    /// <summary>The time from the start to the first response.</summary>
    public TimeSpan TimeToAnswer { get; private set; }

    /// <summary>Starts another role of this executable.</summary>
    /// <param name="role">branch or floor.</param>
    /// <param name="ownSession">True = in a session of its own.</param>
    /// <param name="stop">Cancels the start.</param>
    public static Task<Child> StartRole(string role, bool ownSession, CancellationToken stop)
    {
        var port = FreePort();
        var self = Environment.ProcessPath!;
        var arguments = new List<string> { role, "--port", port.ToString(CultureInfo.InvariantCulture), "--parent" };
        if (Path.GetFileNameWithoutExtension(self) == "dotnet")
        {
            arguments.Insert(0, typeof(Child).Assembly.Location);
        }

        // The floor has the settings of the coordinator, so that neither has an advantage: those that it is shipped
        // with are in both project files, these are its defaults.
        var settings = new Dictionary<string, string>
        {
            ["DOTNET_TieredPGO"] = "1",
            ["DOTNET_gcServer"] = "0",
            ["DOTNET_gcConcurrent"] = "1",
        };
        return Start(role, self, arguments, port, settings, ownSession, stop);
    }

    /// <summary>Starts the coordinator with settings in its environment.</summary>
    public static Task<Child> StartServer(
        string dll, Dictionary<string, string> settings, bool ownSession, CancellationToken stop)
    {
        var port = FreePort();
        settings["HTTP_PORT"] = port.ToString(CultureInfo.InvariantCulture);
        settings["GRPC_PORT"] = FreePort().ToString(CultureInfo.InvariantCulture);
        settings["LOG_LEVEL"] = "warn";
        var host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        return Start("server", host, [dll], port, settings, ownSession, stop);
    }

    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        Kill();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        await _process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _process.Dispose();
    }

    private static async Task<Child> Start(
        string name, string file, IEnumerable<string> arguments, int port, Dictionary<string, string> settings,
        bool ownSession, CancellationToken stop)
    {
        // setsid replaces itself by the program, so the process id is that of the program.
        var start = ownSession && File.Exists(SetSid)
            ? new ProcessStartInfo(SetSid, [file, .. arguments])
            : new ProcessStartInfo(file, arguments);
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);

        foreach (var (key, value) in settings)
        {
            start.Environment[key] = value;
        }

        var clock = Stopwatch.StartNew();
        var child = new Child(name, Process.Start(start)!, new Uri($"http://127.0.0.1:{port}/"));
        child._process.OutputDataReceived += (_, line) => child.Keep(line.Data);
        child._process.ErrorDataReceived += (_, line) => child.Keep(line.Data);
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        try
        {
            await child.Answers(clock, stop);
            return child;
        }
        catch
        {
            await child.DisposeAsync();
            throw;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task Answers(Stopwatch clock, CancellationToken stop)
    {
        using var http = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(5) };
        while (clock.Elapsed < StartLimit)
        {
            if (_process.HasExited)
            {
                await _process.WaitForExitAsync(stop); // Its last lines have been read.
                throw new InvalidOperationException($"the {_name} ended with code {_process.ExitCode}:{LastLines()}");
            }

            try
            {
                using var answer = await http.GetAsync(new Uri("/api/ping", UriKind.Relative), stop);
                if (answer.IsSuccessStatusCode)
                {
                    TimeToAnswer = clock.Elapsed;
                    return;
                }
            }
            catch (Exception e) when (e is HttpRequestException
                || (e is TaskCanceledException && !stop.IsCancellationRequested))
            {
                // The process does not listen yet.
            }

            await Task.Delay(10, stop);
        }

        throw new InvalidOperationException(
            $"the {_name} did not answer {Url}api/ping within {StartLimit.TotalSeconds} s:{LastLines()}");
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_lastLines)
        {
            _lastLines.Enqueue(line);
            if (_lastLines.Count > LinesKept)
            {
                _lastLines.Dequeue();
            }
        }
    }

    /// <summary>Returns the last output, to explain a failure.</summary>
    public string LastLines()
    {
        lock (_lastLines)
        {
            return string.Concat(_lastLines.Select(line => Environment.NewLine + "  | " + line));
        }
    }

    private void OnExit(object? sender, EventArgs e) => Kill();

    private void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // The process has exited.
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using OrleansDtm.Tests.Support.Wire;

namespace OrleansDtm.Tests.Support.Databases;

/// <summary>
/// A real database server on a free port, with its own data folder below the temporary folder. Its commits are durable;
/// its memory settings are small. It is ended by process id.
/// </summary>
public abstract class DatabaseServer : IAsyncDisposable
{
    private const string Prefix = "orleansdtm-db-";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(20);
    private readonly Queue<string> _lines = new();
    private Process? _process;

    /// <param name="root">
    /// The folder that the server uses as the root of the file system; empty = the machine's root.
    /// </param>
    protected DatabaseServer(string root = "")
    {
        Folder = root.Length == 0
            ? Directory.CreateTempSubdirectory(Prefix).FullName
            : Directory.CreateDirectory(Path.Combine(root, "tmp", $"{Prefix}{Guid.NewGuid():N}")).FullName;
        AppDomain.CurrentDomain.ProcessExit += OnExit;
    }

    /// <summary>The value of Store:Driver.</summary>
    public abstract string Driver { get; }

    /// <summary>The last lines of the server's output.</summary>
    public string Tail
    {
        get
        {
            lock (_lines)
            {
                return string.Join('\n', _lines);
            }
        }
    }

    /// <summary>The port; another one takes effect at the next start.</summary>
    public int Port { get; set; } = FreePort.Next();

    /// <summary>Options of the server in addition to the common ones.</summary>
    protected virtual IEnumerable<string> Options => [];

    /// <summary>The signal that <see cref="Stop"/> sends.</summary>
    protected virtual string StopSignal => "TERM";

    protected string Folder { get; }

    protected string Data => Path.Combine(Folder, "data");

    /// <summary>Returns the name of a missing program; null = everything is installed.</summary>
    public abstract string? FindMissing();

    /// <summary>Returns a connection string. The database need not exist yet.</summary>
    public abstract string ConnectionString(string database);

    /// <summary>Creates what a program needs before it can create the database itself.</summary>
    public virtual void Prepare(string database)
    {
    }

    /// <summary>
    /// Initializes an empty data folder and starts the server. Returns when the server accepts connections.
    /// </summary>
    public async Task Start(CancellationToken cancel)
    {
        if (!Directory.Exists(Data))
        {
            Directory.CreateDirectory(Data);
            await Initialize(cancel);
        }

        Launch();
        await WaitUntilUp(cancel);
    }

    /// <summary>
    /// Kills the server, which is like a power cut except that the system still flushes written data to the disk.
    /// </summary>
    public async Task Kill()
    {
        if (_process is not { } process)
        {
            return;
        }

        _process = null;
        foreach (var id in Family(process))
        {
            Signal("KILL", id);
        }

        await process.WaitForExitAsync().WaitAsync(StopLimit);
        process.Dispose();
    }

    /// <summary>
    /// Stops the server as a service manager does: open transactions are rolled back, everything is flushed.
    /// </summary>
    public async Task Stop(CancellationToken cancel)
    {
        if (_process is { } process)
        {
            Signal(StopSignal, process.Id);
            await process.WaitForExitAsync(cancel).WaitAsync(StartLimit, cancel);
            _process = null;
            process.Dispose();
        }
    }

    /// <summary>Starts a killed server again, on the same port and data.</summary>
    public Task Restart(CancellationToken cancel) => Start(cancel);

    /// <summary>Pauses the server: it keeps its connections and does not respond.</summary>
    public void Pause() => SignalAll("STOP");

    public void Resume() => SignalAll("CONT");

    /// <summary>Returns true if the server accepts connections.</summary>
    public async Task<bool> Answers(CancellationToken cancel)
    {
        try
        {
            await Probe(cancel);
            return true;
        }
        catch (System.Data.Common.DbException)
        {
            return false;
        }
    }

    public virtual async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        await Kill();
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected abstract Task Initialize(CancellationToken cancel);

    protected abstract ProcessStartInfo ServerCommand();

    /// <summary>Opens and closes a connection; throws if the server does not accept it.</summary>
    protected abstract Task Probe(CancellationToken cancel);

    protected static async Task Run(ProcessStartInfo start, CancellationToken cancel)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var (output, errors) =
            (process.StandardOutput.ReadToEndAsync(cancel), process.StandardError.ReadToEndAsync(cancel));
        await process.WaitForExitAsync(cancel).WaitAsync(StartLimit, cancel);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException(
                $"{start.FileName} ended with {process.ExitCode}: {await output}{await errors}");
        }
    }

    protected static string? FindProgram(params string[] paths) => paths.FirstOrDefault(File.Exists);

    private static void Signal(string signal, int id)
    {
        // The child may have exited already; the error of kill is irrelevant then.
        var start = new ProcessStartInfo("kill", [$"-{signal}", id.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardError = true,
        };
        using var kill = Process.Start(start)!;
        kill.WaitForExit();
    }

    /// <summary>Returns the process and its children. PostgreSQL has one process for each connection.</summary>
    private static List<int> Family(Process process)
    {
        var family = new List<int> { process.Id };
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && ParentOf(folder) == process.Id)
            {
                family.Add(id);
            }
        }

        return family;
    }

    private static int ParentOf(string folder)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(folder, "stat"));
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0; // The process has exited.
        }
    }

    private void SignalAll(string signal)
    {
        foreach (var id in Family(_process ?? throw new InvalidOperationException("The server is not running.")))
        {
            Signal(signal, id);
        }
    }

    private void Launch()
    {
        var start = ServerCommand();
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _process = process;
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_lines)
        {
            _lines.Enqueue(line.Data ?? "");
            if (_lines.Count > 20)
            {
                _lines.Dequeue();
            }
        }
    }

    private async Task WaitUntilUp(CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            try
            {
                await Probe(cancel);
                return;
            }
            catch (System.Data.Common.DbException e)
            {
                if (clock.Elapsed > StartLimit || _process!.HasExited)
                {
                    throw new InvalidOperationException($"{Driver} did not start: {Tail}", e);
                }
            }

            await timer.WaitForNextTickAsync(cancel);
        }
    }

    private void OnExit(object? sender, EventArgs e)
    {
        if (_process is { HasExited: false } process)
        {
            Family(process).ForEach(static id => Signal("KILL", id));
        }
    }
}

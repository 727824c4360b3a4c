using System.Diagnostics;
using OrleansDtm.Benchmarks.Load;
using OrleansDtm.Benchmarks.Processes;
using OrleansDtm.Benchmarks.Report;

namespace OrleansDtm.Benchmarks.Pending;

/// <summary>
/// Measures two coordinators on two databases of one server, one with delayed messages and one without. Both run all
/// the time and are measured in turns, so that changes of the machine's speed affect both.
/// </summary>
internal static class PendingRun
{
    public static async Task<int> Execute(
        Options options, string? dll, Child branch, LoadGenerator load, CancellationToken stop)
    {
        if (dll is null || Environment.GetEnvironmentVariable("STORE_CONNECTION_STRING") is { Length: > 0 })
        {
            throw new InvalidOperationException(
                "--pending creates its own databases. Remove --server-url and STORE_CONNECTION_STRING.");
        }

        var isGood = true;
        foreach (var store in options.Stores)
        {
            var directory = Directory.CreateTempSubdirectory("orleansdtm-bench-");
            try
            {
                await using var database = await BenchmarkRun.StartDatabase(store, stop);
                string Place(string name) =>
                    database?.ConnectionString(name) ?? Path.Combine(directory.FullName, name + ".db");
                await Say($"filling {store} ...");
                var filling = await PendingFill.Fill(store, Place("full"), branch.Url, options.Pending, stop);
                await Say($"{options.Pending:N0} messages in {filling.TotalSeconds:F0} s");
                await using var empty = await Start(dll, store, Place("bare"), stop);
                await using var full = await Start(dll, store, Place("full"), stop);
                PendingSide[] sides = [new("empty", empty), new($"{options.Pending:N0} pending", full)];
                await Measure(options, sides, branch, load, stop);
                PendingReport.Print(store, filling, sides);
                isGood &= sides.All(static s => s.IsGood);
            }
            finally
            {
                directory.Delete(recursive: true);
            }
        }

        return isGood ? 0 : 1;
    }

    private static async Task Measure(
        Options options, PendingSide[] sides, Child branch, LoadGenerator load, CancellationToken stop)
    {
        RowPlan Plan(PendingSide side) =>
            new($"saga, {side.Name}", side.Server.Url, side.Server.Pid, Scenario.Saga, options.Clients);
        foreach (var side in sides)
        {
            side.MegabytesAtStart = Meter.WorkingSetMegabytes(side.Server.Pid) ?? 0;
            await load.WarmUp(Plan(side), options.FirstWarmup, stop);
        }

        for (var turn = 0; turn < options.Turns; turn++)
        {
            foreach (var side in turn % 2 == 0 ? sides : sides.Reverse())
            {
                var row = await load.Measure(Plan(side), stop);
                await Say($"saga, {side.Name} ... {row.CompletedPerSecond:N0}/s");
                side.Sagas.Add(row);
            }
        }

        foreach (var side in sides)
        {
            using var due = new DueLoad(side.Server.Url, branch.Url);
            await Say($"{options.Due:N0} due over {options.DueTime.TotalSeconds} s, {side.Name} ...");
            side.Spread = await due.Measure(options.Due, options.DueTime, stop);
        }

        // The later side has a warmer branch service, so each side is once first and once last.
        foreach (var side in (PendingSide[])[sides[1], sides[0], sides[0], sides[1]])
        {
            using var due = new DueLoad(side.Server.Url, branch.Url);
            await Say($"{options.Due:N0} due at once, {side.Name} ...");
            side.Bursts.Add(await due.Measure(options.Due, TimeSpan.Zero, stop));
        }

        await MeasureAcceptance(options, sides, load, stop);
        using var http = new HttpClient();
        foreach (var side in sides)
        {
            side.MetricsMilliseconds = await Time(http, side, "/api/metrics", stop);
            side.ListMilliseconds = await Time(http, side, "/api/dtmsvr/all?status=submitted&transType=saga", stop);
            side.Megabytes = Meter.WorkingSetMegabytes(side.Server.Pid) ?? 0;
        }
    }

    /// <summary>
    /// Measures acceptance last, because the accepted messages stay in the store. Each side has an unmeasured turn
    /// first, for the JIT.
    /// </summary>
    private static async Task MeasureAcceptance(
        Options options, PendingSide[] sides, LoadGenerator load, CancellationToken stop)
    {
        for (var turn = -1; turn < options.Turns; turn++)
        {
            foreach (var side in turn % 2 == 0 ? sides : sides.Reverse())
            {
                var plan = new RowPlan(
                    $"delayed msg, {side.Name}",
                    side.Server.Url,
                    side.Server.Pid,
                    Scenario.DelayedMsg,
                    options.Clients);
                var row = await load.Measure(plan, TimeSpan.FromSeconds(0.3), TimeSpan.FromSeconds(1), stop);
                await Say($"delayed msg, {side.Name} ... {row.CompletedPerSecond:N0}/s");
                if (turn >= 0)
                {
                    side.Accepts.Add(row);
                }
            }
        }
    }

    private static async Task<double> Time(HttpClient http, PendingSide side, string path, CancellationToken stop)
    {
        var clock = Stopwatch.StartNew();
        using var answer = await http.GetAsync(new Uri(side.Server.Url, path), stop);
        side.IsGood &= answer.IsSuccessStatusCode;
        return clock.Elapsed.TotalMilliseconds;
    }

    private static Task<Child> Start(string dll, string store, string place, CancellationToken stop) =>
        Child.StartServer(
            dll,
            new Dictionary<string, string>
            {
                ["STORE_DRIVER"] = store,
                [store == "sqlite" ? "STORE_PATH" : "STORE_CONNECTION_STRING"] = place,
            },
            ownSession: true,
            stop);

    private static Task Say(string text) => Console.Error.WriteLineAsync(text);
}

/// <summary>One of the two coordinators and its measurements.</summary>
internal sealed class PendingSide(string name, Child server)
{
    private bool _isGood = true;

    public string Name => name;

    public Child Server => server;

    public List<RowResult> Sagas { get; } = [];

    public double SagasPerSecond => Turns.Median(Sagas.Select(static r => r.CompletedPerSecond));

    /// <summary>On a machine with other load this is more reliable than the rate.</summary>
    public double CpuMicrosecondsPerSaga =>
        Turns.Median(Sagas.Select(static r => 1e6 * (r.Cores.Server ?? double.NaN) / r.CompletedPerSecond));

    public DueResult? Spread { get; set; }

    public List<DueResult> Bursts { get; } = [];

    public IEnumerable<DueResult> Dues => Spread is null ? Bursts : Bursts.Append(Spread);

    /// <summary>The acceptance of delayed messages, for one second each turn.</summary>
    public List<RowResult> Accepts { get; } = [];

    public double AcceptedPerSecond => Turns.Median(Accepts.Select(static r => r.CompletedPerSecond));

    public double MetricsMilliseconds { get; set; }

    public double ListMilliseconds { get; set; }

    public double MegabytesAtStart { get; set; }

    public double Megabytes { get; set; }

    /// <summary>True if there were no errors and each message was called once.</summary>
    public bool IsGood
    {
        get => _isGood
            && Sagas.Concat(Accepts).All(static r => r.Complaints.Count == 0)
            && Dues.All(static d => d.Lateness.Count == d.Count);
        set => _isGood = value;
    }
}

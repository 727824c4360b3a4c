using System.Runtime.InteropServices;
using OrleansDtm.Benchmarks.Load;
using OrleansDtm.Benchmarks.Pending;
using OrleansDtm.Benchmarks.Processes;
using OrleansDtm.Benchmarks.Report;
using OrleansDtm.Tests.Support.Databases;

namespace OrleansDtm.Benchmarks;

/// <summary>Starts the processes, measures the rows, prints the result, and removes everything at the end.</summary>
internal static class BenchmarkRun
{
    private static readonly string[] StoreSettings = ["STORE_CONNECTION_STRING", "STORE_HOST", "STORE_PORT"];

    public static async Task<int> Execute(Options options)
    {
        using var cancel = new CancellationTokenSource();
        void Stop(PosixSignalContext signal)
        {
            // The benchmark must still end the processes and delete the database file.
            signal.Cancel = true;
            cancel.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            return await Run(options, cancel.Token);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("stopped");
            return 130;
        }
        catch (InvalidOperationException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
    }

    private static async Task<int> Run(Options options, CancellationToken stop)
    {
        var dll = options.ServerUrl is null ? options.ServerDll ?? ServerDll.Find() : null;
        if (options.ServerUrl is null && dll is null)
        {
            throw new InvalidOperationException(
                "OrleansDtm.Server.dll was not found. Build src/OrleansDtm.Server, set --server-dll, "
                + "or measure a running server with --server-url.");
        }

        var machine = await Machine.Describe(stop);
        Table.PrintHeader(machine, options);
        await using var branch = await Child.StartRole("branch", options.HasOwnSessions, stop);
        await using var floor = await Child.StartRole("floor", options.HasOwnSessions, stop);
        using var load = new LoadGenerator(branch, options.Gids, options.Warmup, options.MeasuredEachTurn);
        if (options.Pending > 0)
        {
            return await PendingRun.Execute(options, dll, branch, load, stop);
        }

        var results = new List<StoreResult>();
        foreach (var store in options.ServerUrl is null ? options.Stores : ["running server"])
        {
            var result = await MeasureStore(options, store, dll, floor, load, stop);
            results.Add(result);
            Table.Print(result);
        }

        if (options.JsonFile is { } file)
        {
            await JsonReport.Write(file, machine, options, results, stop);
        }

        return results.All(s => s.Rows.All(r => r.Complaints.Count == 0)) ? 0 : 1;
    }

    private static async Task<StoreResult> MeasureStore(
        Options options, string store, string? dll, Child floor, LoadGenerator load, CancellationToken stop)
    {
        if (options.ServerUrl is { } url)
        {
            return await Measure(options, new StoreResult(store), url, options.ServerPid, floor, load, stop);
        }

        var directory = Directory.CreateTempSubdirectory("orleansdtm-bench-");
        try
        {
            var settings = new Dictionary<string, string> { ["STORE_DRIVER"] = store == "mysql9" ? "mysql" : store };
            if (store == "sqlite")
            {
                settings["STORE_PATH"] = Path.Combine(directory.FullName, "bench.db");
            }

            await using var database = await StartDatabase(store, stop);
            if (database is not null)
            {
                settings["STORE_CONNECTION_STRING"] = database.ConnectionString("bench");
            }

            await using var server = await Child.StartServer(dll!, settings, options.HasOwnSessions, stop);
            var start = new StoreResult(store)
            {
                StartMilliseconds = server.TimeToAnswer.TotalMilliseconds,
                IdleMegabytes = Meter.WorkingSetMegabytes(server.Pid),
            };
            var result = await Measure(options, start, server.Url, server.Pid, floor, load, stop);
            if (result.Rows.Any(r => r.Complaints.Count > 0))
            {
                await Console.Error.WriteLineAsync("Last output of the server:" + server.LastLines());
            }

            return result;
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>Starts a new database server, unless the environment names one.</summary>
    internal static async Task<DatabaseServer?> StartDatabase(string store, CancellationToken stop)
    {
        if (store == "sqlite" || StoreSettings.Any(name => Environment.GetEnvironmentVariable(name) is { Length: > 0 }))
        {
            return null;
        }

        DatabaseServer database = store switch
        {
            "mysql" => new MariaDbServer(),
            "mysql9" => new MySqlServer(),
            _ => new PostgresServer(),
        };
        try
        {
            if (database.FindMissing() is { } missing)
            {
                throw new InvalidOperationException(
                    $"{missing} is not installed. Install it, or set STORE_CONNECTION_STRING to a running server.");
            }

            await Console.Error.WriteLineAsync($"starting {store} ...");
            await database.Start(stop);
            return database;
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Measures the rows of a group and their floor in turns, so that changes of the machine's speed affect all alike.
    /// </summary>
    private static async Task<StoreResult> Measure(
        Options options, StoreResult start, Uri server, int? pid, Child floor, LoadGenerator load,
        CancellationToken stop)
    {
        var rows = new List<RowResult>();
        foreach (var group in Groups(options))
        {
            var (name, _, scenario, clients) = group[0];
            var floorPlan = new RowPlan($"floor {name}", floor.Url, floor.Pid, scenario, clients) { IsFloor = true };
            RowPlan[] turn =
            [
                floorPlan,
                .. group.Select(g => new RowPlan(g.Label, server, pid, g.Scenario, g.Clients)),
            ];
            if (rows.Count == 0)
            {
                await Console.Error.WriteLineAsync("warming up ...");
                await load.WarmUp(turn[0], options.Warmup, stop);
                await load.WarmUp(turn[1], options.FirstWarmup, stop);
            }

            var measured = new List<RowResult>();
            foreach (var plan in Enumerable.Repeat(turn, options.Turns).SelectMany(static t => t).Append(floorPlan))
            {
                await Console.Error.WriteAsync($"{plan.Label}, {plan.Clients} clients ... ");
                var row = await load.Measure(plan, stop);
                await Console.Error.WriteLineAsync(
                    $"{row.CompletedPerSecond:N0}/s" + (row.Complaints.Count > 0 ? " with errors" : ""));
                measured.Add(row);
            }

            rows.AddRange(Turns.Combine(measured));
        }

        return start with { Rows = rows };
    }

    private static IEnumerable<(string Name, string Label, Scenario Scenario, int Clients)[]> Groups(Options options)
    {
        foreach (var name in options.Patterns)
        {
            var scenario = Scenario.Named(name, options.Shape);
            if (name != "saga")
            {
                yield return [(name, name, scenario, options.Clients)];
                continue;
            }

            var notWaiting = Scenario.Sagas(options.Shape, waits: false);
            foreach (var clients in options.ClientCounts)
            {
                yield return
                [
                    (name, name, scenario, clients), (name, "saga, not waiting", notWaiting, clients),
                ];
            }

            if (!options.ClientCounts.Contains(1))
            {
                yield return [(name, name, scenario, 1)];
            }
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using OrleansDtm.Benchmarks.Processes;

namespace OrleansDtm.Benchmarks.Load;

/// <summary>
/// A closed loop: each client has one transaction in flight and starts the next when it is answered. Transactions that
/// end within the measured seconds count, whenever they started.
/// </summary>
internal sealed class LoadGenerator(Child branch, GidKind gids, TimeSpan warmup, TimeSpan measured) : IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);
    private static readonly string Run = Guid.NewGuid().ToString("N")[..10];
    private readonly HttpMessageInvoker _http = HttpStack.Create();
    private readonly HttpClient _control = new() { Timeout = TimeSpan.FromSeconds(30) };
    private int _rows;
    private volatile Phase _phase;

    private enum Phase
    {
        Warmup,
        Measured,
        Over,
    }

    private Uri BranchUrl => branch.Url;

    private int BranchPid => branch.Pid;

    public void Dispose()
    {
        _http.Dispose();
        _control.Dispose();
    }

    /// <summary>
    /// Runs the load once for the JIT of all processes, so that the first row is not slower than the others.
    /// </summary>
    public Task WarmUp(RowPlan plan, TimeSpan length, CancellationToken stop) =>
        Measure(plan, length, TimeSpan.Zero, stop);

    public Task<RowResult> Measure(RowPlan plan, CancellationToken stop) => Measure(plan, warmup, measured, stop);

    /// <param name="before">The duration of the warm-up.</param>
    /// <param name="length">The measured duration.</param>
    public async Task<RowResult> Measure(RowPlan plan, TimeSpan before, TimeSpan length, CancellationToken stop)
    {
        // So that the garbage of the previous row does not slow down this one.
        GC.Collect();
        _phase = Phase.Warmup;
        _rows++;
        var errors = new Errors();
        var atStart = await Snapshot.Take(this, plan, stop);
        // A timeout, in case the server stops answering.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(before + length + Grace);
        var clients = Enumerable.Range(0, plan.Clients)
            .Select(i => Task.Run(() => RunClient(plan, i, errors, limit.Token), stop))
            .ToArray();
        try
        {
            await Task.Delay(before, stop);
            var from = await Snapshot.Take(this, plan, stop);
            _phase = Phase.Measured;
            var clock = Stopwatch.StartNew();
            await Task.Delay(length, stop);
            _phase = Phase.Over;
            var seconds = clock.Elapsed.TotalSeconds;
            var to = await Snapshot.Take(this, plan, stop);
            var ended = await Task.WhenAll(clients);
            var drain = plan.Scenario.Waits ? (double?)null : await Drain(plan.Server, stop);
            var atEnd = await Snapshot.Take(this, plan, stop);
            return Result(plan, from, to, Latencies.Merge(ended.Select(e => e.Latencies)), seconds) with
            {
                DrainSeconds = drain,
                Errors = errors.Count,
                Complaints =
                [
                    .. Complaints(plan, errors, drain, ended.Sum(e => e.Succeeded), atEnd.AllCalls - atStart.AllCalls),
                ],
            };
        }
        finally
        {
            _phase = Phase.Over;
        }
    }

    private static RowResult Result(RowPlan plan, Snapshot from, Snapshot to, double[] latencies, double seconds)
    {
        var between = Stopwatch.GetElapsedTime(from.Time, to.Time).TotalSeconds;
        var accepted = latencies.Length / seconds;
        var completed = plan.Scenario.Waits ? accepted : (to.LastCalls - from.LastCalls) / between;
        return new RowResult(plan.Label, plan.IsFloor, plan.Clients)
        {
            AcceptedPerSecond = accepted,
            CompletedPerSecond = completed,
            AllocatedKib = (to.Allocated - from.Allocated) / 1024 / (completed * between),
            P50 = Latencies.Percentile(latencies, 0.50),
            P95 = Latencies.Percentile(latencies, 0.95),
            P99 = Latencies.Percentile(latencies, 0.99),
            Cores = CoresUsed(from, to, between),
            ServerMegabytes = Meter.WorkingSetMegabytes(plan.ServerPid),
        };
    }

    private static Cores CoresUsed(Snapshot from, Snapshot to, double seconds)
    {
        var server = Share(from.Server, to.Server, seconds);
        var branch = Share(from.Branch, to.Branch, seconds);
        var load = Share(from.Load, to.Load, seconds);
        // Unknown without the server's share, because it cannot be separated from the rest.
        var others = Share(from.Machine, to.Machine, seconds) - server - branch - load;
        return new Cores(server, branch, load, others is { } o ? Math.Max(0, o) : null);
    }

    private static double? Share(TimeSpan? from, TimeSpan? to, double seconds) => (to - from)?.TotalSeconds / seconds;

    private static IEnumerable<string> Complaints(
        RowPlan plan, Errors errors, double? drain, long succeeded, long calls)
    {
        if (errors.Count > 0)
        {
            yield return $"{errors.Count} errors, e.g. {errors.Example}";
        }

        if (drain is { } d && double.IsPositiveInfinity(d))
        {
            yield return $"some transactions were unfinished {Grace.TotalSeconds} s after the end of the load";
        }

        if (calls < succeeded * plan.Scenario.BranchCalls)
        {
            yield return $"{succeeded} transactions need {succeeded * plan.Scenario.BranchCalls} branch calls; the "
                + $"branch service received {calls}";
        }
    }

    private async Task<(Latencies Latencies, long Succeeded)> RunClient(
        RowPlan plan, int number, Errors errors, CancellationToken stop)
    {
        var client = plan.Scenario.NewClient(plan.Server, branch.Url);
        var gid = new Gid(string.Create(CultureInfo.InvariantCulture, $"{Run}-{_rows:0000}-{number:0000}"), gids);
        var latencies = new Latencies();
        var succeeded = 0L;
        while (_phase != Phase.Over && !stop.IsCancellationRequested)
        {
            gid.Next();
            var start = Stopwatch.GetTimestamp();
            var error = await RunOne(client, gid, stop);
            if (error is not null)
            {
                errors.Add(error);
                // Refused connections fail within microseconds. The delay prevents a busy loop.
                await Task.Delay(10, CancellationToken.None);
                continue;
            }

            succeeded++;
            if (_phase == Phase.Measured)
            {
                latencies.Add(Stopwatch.GetTimestamp() - start);
            }
        }

        return (latencies, succeeded);
    }

    private async ValueTask<string?> RunOne(IClient client, Gid gid, CancellationToken stop)
    {
        try
        {
            return await client.RunOne(_http, gid, stop);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return e.Message;
        }
        catch (OperationCanceledException)
        {
            return "no response before the timeout of the row";
        }
    }

    /// <summary>Returns the seconds until the server has no submitted transaction left; infinite = timeout.</summary>
    private async Task<double> Drain(Uri server, CancellationToken stop)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < Grace)
        {
            using var scan = await _control.GetAsync(new Uri(server, "/api/dtmsvr/all?status=submitted&limit=1"), stop);
            using var answer = System.Text.Json.JsonDocument.Parse(await scan.Content.ReadAsByteArrayAsync(stop));
            if (answer.RootElement.TryGetProperty("transactions", out var list)
                && (list.ValueKind != System.Text.Json.JsonValueKind.Array || list.GetArrayLength() == 0))
            {
                return clock.Elapsed.TotalSeconds;
            }

            await Task.Delay(20, stop);
        }

        return double.PositiveInfinity;
    }

    /// <summary>The bytes that an OrleansDtm has allocated so far; null = the server has no such metric.</summary>
    private async Task<double?> Allocated(Uri server, CancellationToken stop)
    {
        const string Metric = "dotnet_gc_heap_total_allocated_bytes";
        using var answer = await _control.GetAsync(new Uri(server, "/api/metrics"), stop);
        var line = (await answer.Content.ReadAsStringAsync(stop)).Split('\n')
            .FirstOrDefault(static l => l.StartsWith(Metric, StringComparison.Ordinal));
        return line is null ? null : double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }

    /// <summary>The counters at one time.</summary>
    private sealed record Snapshot(
        long Time, TimeSpan? Server, TimeSpan? Branch, TimeSpan? Load, TimeSpan? Machine, long AllCalls, long LastCalls,
        double? Allocated)
    {
        public static async Task<Snapshot> Take(LoadGenerator owner, RowPlan plan, CancellationToken stop)
        {
            var counts = (await owner._control.GetStringAsync(new Uri(owner.BranchUrl, "/calls"), stop)).Split(' ');
            return new Snapshot(
                Stopwatch.GetTimestamp(),
                Meter.Cpu(plan.ServerPid),
                Meter.Cpu(owner.BranchPid),
                Meter.Cpu(Environment.ProcessId),
                Meter.MachineCpu(),
                long.Parse(counts[0], CultureInfo.InvariantCulture),
                long.Parse(counts[1], CultureInfo.InvariantCulture),
                plan.IsFloor ? null : await owner.Allocated(plan.Server, stop));
        }
    }
}

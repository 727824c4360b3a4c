using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using OrleansDtm.Faults.Histories;
using OrleansDtm.Faults.Injection;
using OrleansDtm.Faults.Load;

namespace OrleansDtm.Faults;

/// <summary>A run: clients work while faults are injected, then the checkers judge the history.</summary>
internal sealed class Campaign(Arguments arguments) : IAsyncDisposable
{
    /// <summary>The time until all late effects of the services have happened.</summary>
    private static readonly TimeSpan Stragglers = TimeSpan.FromSeconds(5);

    private readonly Random _random = new(arguments.Seed);
    private readonly History _history = new();
    private readonly ConcurrentDictionary<string, int> _faults = new(StringComparer.Ordinal);
    private readonly List<string> _troubles = [];
    private readonly Dictionary<string, List<double>> _returns = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _interrupted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private World? _world;
    private volatile bool _enough;

    /// <returns>The exit code: 0 all invariants hold, 1 they do not, 3 the database is not installed.</returns>
    public async Task<int> Run()
    {
        Console.WriteLine($"seed {arguments.Seed}, {arguments.Length.TotalMinutes:0.#} minutes, {arguments.Clients} "
            + $"clients, {arguments.Store}");
        if (await World.Start(arguments, _history) is not { } world)
        {
            return 3;
        }

        _world = world;
        var impossible = Injector.Impossible(world);
        Say($"ready{(impossible.Count > 0 ? $"; not available here: {string.Join(", ", impossible)}" : "")}");
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using var end = new CancellationTokenSource();
        var watch = new RowWatch(() => world.ConnectionString, _history);
        var watching = watch.Run(end.Token);
        var clients = Task.WhenAll(Enumerable.Range(0, arguments.Clients).Select(Work));
        await Break(world);
        _enough = true;
        var settled = Stopwatch.StartNew();
        await clients.WaitAsync(Bounds.End);
        var isEmpty = await Settle(watch, settled);
        Say(isEmpty
            ? $"everything has ended {settled.Elapsed.TotalSeconds:0} s after the last fault"
            : "not everything has ended");
        await Task.Delay(Stragglers);
        await end.CancelAsync();
        await watching;
        await watch.LookAtAll();
        await Ask(world);
        return Conclude(world, settled.Elapsed);
    }

    public async ValueTask DisposeAsync()
    {
        if (_world is not null)
        {
            await _world.DisposeAsync();
        }
    }

    /// <summary>Handles Ctrl-C: stops the fault injection and checks the history so far.</summary>
    private void Interrupt(PosixSignalContext signal)
    {
        signal.Cancel = true;
        _interrupted.TrySetResult();
    }

    private static void Say(string text) => Console.WriteLine(text);

    /// <summary>Runs one client: one transaction after the other.</summary>
    private async Task Work(int client)
    {
        var plans = new PlanGenerator(arguments.Seed, client);
        IReadOnlyList<IDoor>[] doors = [_world!.HttpDoors, _world.GrpcDoors];
        while (!_enough)
        {
            var plan = plans.Next();
            var submitter = new Submitter(
                new Affair(plan),
                doors[plan.Protocol == "grpc" ? 1 : 0],
                client,
                _history,
                _world.Service,
                patience: TimeSpan.FromSeconds(60));
            await submitter.Run();
            await Task.Delay(plans.Pause(arguments.Pause));
        }
    }

    /// <summary>
    /// Injects each fault kind once, then kinds drawn from the seed, until the time or the number of faults is reached.
    /// </summary>
    private async Task Break(World world)
    {
        var injector = new Injector(world, _random, arguments.IsBrief, Returned);
        var possible = Injector.Possible(world);
        var kinds = arguments.Faults.Count > 0 ? [.. arguments.Faults.Where(possible.Contains)] : possible;
        await Calm(2);
        for (var round = 0; arguments.Rounds > 0 ? round < arguments.Rounds : _history.Now < arguments.Length; round++)
        {
            if (_interrupted.Task.IsCompleted)
            {
                return;
            }

            var kind = round < kinds.Count ? kinds[round] : kinds[_random.Next(kinds.Count)];
            var from = _history.Now;
            try
            {
                await injector.Inject(kind);
                Say($"{from.TotalSeconds,7:0.0} s  {kind}, healthy again after "
                    + $"{(_history.Now - from).TotalSeconds:0.0} s");
            }
            catch (TimeoutException e)
            {
                Say($"{from.TotalSeconds,7:0.0} s  {kind}: {e.Message}");
                _troubles.Add($"{kind}: {e.Message.Split('\n')[0]}");
            }

            _faults.AddOrUpdate(kind, 1, static (_, count) => count + 1);

            // Some calm periods must be long enough to check timers without the influence of faults.
            await Calm(arguments.IsBrief ? 1 : _random.Next(4) == 0 ? 60 : 6);
        }
    }

    private void Returned(string kind, TimeSpan after)
    {
        if (!_returns.TryGetValue(kind, out var times))
        {
            _returns[kind] = times = [];
        }

        times.Add(after.TotalSeconds);
        if (after > Bounds.Return)
        {
            _troubles.Add($"{kind}: no transaction ended within {Bounds.Return.TotalSeconds:0} s after the database "
                + $"was back, the first after {after.TotalSeconds:0.0} s");
        }
    }

    private async Task Calm(double most) =>
        await Task.WhenAny(_interrupted.Task, Task.Delay(TimeSpan.FromSeconds(most * _random.NextDouble())));

    private static async Task<bool> Settle(RowWatch watch, Stopwatch clock)
    {
        do
        {
            await Task.Delay(500);
        }
        while (watch.Unfinished > 0 && clock.Elapsed < Bounds.End);
        return watch.Unfinished == 0;
    }

    /// <summary>Queries the final state of each transaction through the API of one of the silos.</summary>
    private async Task Ask(World world)
    {
        var next = 0;
        await Parallel.ForEachAsync(
            world.Service.Affairs, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (affair, _) =>
            {
                JsonObject? answer = null;
                for (var tries = 0; answer is null && tries < 5; tries++)
                {
                    answer = await world.HttpDoors[Interlocked.Increment(ref next) % world.HttpDoors.Count].Query(
                        affair.Plan.Gid);
                }

                if (answer is not null)
                {
                    _history.Add(affair.Plan.Gid, Told(answer));
                }
            });
    }

    private static Told Told(JsonObject answer) => new(
        (string?)answer["transaction"]?["status"],
        (string?)answer["transaction"]?["rollback_reason"] ?? "",
        [.. (answer["branches"]?.AsArray() ?? []).Select(
            static b => new ToldBranch((string)b!["branch_id"]!, (string)b["op"]!, (string)b["status"]!))]);

    private int Conclude(World world, TimeSpan settled)
    {
        var report = new Report(
            arguments,
            _history,
            _faults,
            _troubles,
            world.All.Sum(static s => s.Crashes),
            [.. world.All.SelectMany(static s => s.Errors)],
            _returns,
            settled);
        report.Judge(world.Service.Affairs);
        report.Print(Console.Out);
        if (arguments.Report is { } file)
        {
            File.WriteAllText(file, report.ToJson());
        }

        return report.IsClean ? 0 : 1;
    }
}

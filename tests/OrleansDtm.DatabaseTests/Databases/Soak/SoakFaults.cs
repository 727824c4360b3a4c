using System.Data.Common;
using System.Diagnostics;
using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;

namespace OrleansDtm.DatabaseTests.Databases.Soak;

public enum SoakFault
{
    DatabaseKilled,
    DatabaseStopped,
    DatabaseRestarted,
    ConnectionsKilled,
    ReadOnly,
    RowsLocked,
    TableLocked,
    CoordinatorKilled,
    CoordinatorStopped,
    CoordinatorTerminated,
    BothKilled,
}

/// <summary>
/// Injects faults drawn from the seed, one after the other, and measures the recovery time after each.
/// </summary>
public sealed class SoakFaults(
    int seed, SoakDatabase database, SoakCoordinator coordinator, SoakBranches branches, SoakLedger ledger, string run,
    Action<string> tell)
{
    /// <summary>The maximum time from the end of a fault to the first successful saga.</summary>
    private static readonly TimeSpan RecoveryLimit = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan ProbePace = TimeSpan.FromMilliseconds(100);

    private readonly Random _random = new(seed);
    private readonly Random _moods = new(seed + 1);
    private readonly List<(SoakFault Kind, TimeSpan Lasted, TimeSpan Recovery)> _past = [];
    private readonly int[] _moodCounts = new int[Enum.GetValues<BranchMood>().Length];
    private int _probes;

    /// <summary>
    /// The faults of the store and the coordinator, each with its duration and the time from its end to the first
    /// successful saga.
    /// </summary>
    public IReadOnlyList<(SoakFault Kind, TimeSpan Lasted, TimeSpan Recovery)> Past => _past;

    public string Moods => string.Join(
        ", ", Enum.GetValues<BranchMood>().Where(m => m != BranchMood.Well).Select(m => $"{m} {_moodCounts[(int)m]}"));

    /// <param name="stop">
    /// Stops the injection of new faults. The current one ends, and its recovery is measured.
    /// </param>
    /// <param name="longest">The maximum duration of a fault.</param>
    /// <param name="cancel">Cancelled when the test is stopped.</param>
    public async Task Run(TimeSpan longest, CancellationToken stop, CancellationToken cancel)
    {
        var bag = new Queue<SoakFault>();
        while (await Rest(_random, 0.3, 3, stop))
        {
            if (bag.Count == 0)
            {
                bag = new Queue<SoakFault>(Shuffled());
            }

            var fault = bag.Dequeue();
            var lasts = TimeSpan.FromSeconds(0.5 + (Math.Pow(_random.NextDouble(), 2) * (longest.TotalSeconds - 0.5)));
            var clock = Stopwatch.StartNew();
            await Cause(fault, lasts, cancel);
            var lasted = clock.Elapsed;
            var recovery = await Recover(fault, cancel);
            _past.Add((fault, lasted, recovery));
            tell($"{fault} for {lasted.TotalSeconds:F1} s, first saga {recovery.TotalSeconds:F2} s after its end, "
                + $"{coordinator.Memory} MiB");
        }
    }

    /// <summary>Changes the branch service's mood, independently of the other faults.</summary>
    public async Task RunMoods(CancellationToken stop)
    {
        while (await Rest(_moods, 3, 15, stop))
        {
            var mood = (BranchMood)_moods.Next(1, _moodCounts.Length);
            _moodCounts[(int)mood]++;
            branches.Mood = mood;
            await Rest(_moods, 1, 6, stop);
            branches.Mood = BranchMood.Well;
        }
    }

    private static async Task<bool> Rest(Random random, double min, double max, CancellationToken stop)
    {
        try
        {
            await Task.Delay(
                TimeSpan.FromSeconds(min + (random.NextDouble() * (max - min))), TimeProvider.System, stop);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private SoakFault[] Shuffled()
    {
        var kinds = Enum.GetValues<SoakFault>();
        _random.Shuffle(kinds);
        return kinds;
    }

    private async Task Cause(SoakFault fault, TimeSpan lasts, CancellationToken cancel)
    {
        switch (fault)
        {
            case SoakFault.DatabaseKilled:
                await database.Server.Kill();
                await Task.Delay(lasts / 2, TimeProvider.System, cancel);
                await database.Server.Restart(cancel);
                break;
            case SoakFault.DatabaseStopped:
                database.Server.Pause();
                await Task.Delay(lasts, TimeProvider.System, cancel);
                database.Server.Resume();
                break;
            case SoakFault.DatabaseRestarted:
                await database.Server.Stop(cancel);
                await database.Server.Restart(cancel);
                break;
            case SoakFault.ConnectionsKilled:
                await database.KillConnections(cancel);
                break;
            case SoakFault.ReadOnly:
                await database.SetReadOnly(true, cancel);
                await Task.Delay(lasts, TimeProvider.System, cancel);
                await database.SetReadOnly(false, cancel);
                break;
            case SoakFault.RowsLocked or SoakFault.TableLocked:
                await using (await Lock(fault == SoakFault.TableLocked, cancel))
                {
                    await Task.Delay(lasts, TimeProvider.System, cancel);
                }

                break;
            case SoakFault.CoordinatorKilled:
                await coordinator.Kill(cancel);
                await coordinator.Restart(cancel);
                break;
            case SoakFault.CoordinatorTerminated:
                await coordinator.Terminate(cancel);
                await coordinator.Restart(cancel);
                break;
            case SoakFault.CoordinatorStopped:
                await coordinator.Pause(cancel);
                await Task.Delay(lasts, TimeProvider.System, cancel);
                await coordinator.Resume(cancel);
                break;
            case SoakFault.BothKilled:
                await Task.WhenAll(coordinator.Kill(cancel), database.Server.Kill());
                await database.Server.Restart(cancel);
                await coordinator.Restart(cancel);
                break;
            default:
                throw new InvalidOperationException($"unknown fault {fault}");
        }
    }

    /// <summary>Retries, because the locking transaction itself can be the victim of a deadlock.</summary>
    private async Task<DbConnection> Lock(bool table, CancellationToken cancel)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await database.Lock(table, cancel);
            }
            catch (DbException) when (tries < 10)
            {
                // Retry.
            }
        }
    }

    /// <summary>
    /// Submits sagas of one branch at a fixed pace, without waiting for the previous ones, until one succeeds.
    /// </summary>
    private async Task<TimeSpan> Recover(SoakFault fault, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        using var recovered = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var first = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
        var under = new List<Task>();
        using var timer = new PeriodicTimer(ProbePace);
        while (!first.Task.IsCompleted)
        {
            if (clock.Elapsed > RecoveryLimit)
            {
                ledger.Violate($"no saga was done within {RecoveryLimit.TotalSeconds} s after {fault}");
                first.TrySetResult(clock.Elapsed);
                break;
            }

            under.Add(Probe(clock, first, recovered.Token));
            await timer.WaitForNextTickAsync(cancel);
        }

        await recovered.CancelAsync();
        await Task.WhenAll(under);
        return await first.Task;
    }

    private async Task Probe(Stopwatch clock, TaskCompletionSource<TimeSpan> first, CancellationToken cancel)
    {
        var one = new SoakCase(
            $"{run}-probe-{++_probes}", SoakKind.WaitedSaga, [new SoakBranch(new Booking(0, 0, Trouble.None))]);
        ledger.Add(one);
        var body = PatternBodies.Of(one.Gid, "saga")
            .With("steps", new JsonArray(new JsonObject
            {
                ["action"] = branches.Url + SoakBranches.ProbePath,
                ["compensate"] = branches.Url + SoakBranches.ProbePath,
            }))
            .With("payloads", new JsonArray(one.Branches[0].Payload))
            .With("wait_result", true);
        try
        {
            var reply = await coordinator.Post("submit", body, cancel);
            if (reply.Kind == SoakAnswer.Ok)
            {
                one.IsAccepted = true;
                ledger.Promise(one, "succeed");
                first.TrySetResult(clock.Elapsed);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Another probe was faster. The outcome of this one is unknown.
        }
    }
}

using OrleansDtm.Simulation.Defects;
using OrleansDtm.Simulation.Engine;
using OrleansDtm.Simulation.Histories;
using OrleansDtm.Simulation.Plans;
using OrleansDtm.Simulation.Services;
using OrleansDtm.Simulation.Stores;

namespace OrleansDtm.Simulation.Machines;

/// <summary>
/// Simulates Orleans' membership, which detects deaths late and may be wrong, and processes that die, stop and restart.
/// </summary>
internal sealed class Cluster
{
    private readonly List<long> _gone = [];
    private readonly Sweeper?[] _sweepers;
    private int _version;
    private bool _calm;

    public Cluster(World world, Plan plan, Defect defect)
    {
        (World, Plan, Defect) = (world, plan, defect);
        Databases = [.. Enumerable.Range(0, plan.Shards).Select(i => new Database(world, i))];
        Services = new BranchServices(world, plan, Calm);
        Machines = [.. Enumerable.Range(0, plan.Processes).Select(i => new Machine(world, i))];
        _sweepers = new Sweeper?[plan.Shards];
        foreach (var machine in Machines)
        {
            Boot(machine);
        }

        foreach (var process in Alive)
        {
            process.Cluster.Learn(_version, Members); // All processes see each other at the start.
        }
    }

    public World World { get; }

    public Plan Plan { get; }

    public Defect Defect { get; }

    public IReadOnlyList<Database> Databases { get; }

    public BranchServices Services { get; }

    public IReadOnlyList<Machine> Machines { get; }

    /// <summary>The active processes in the membership table.</summary>
    public IReadOnlyList<Process> Members { get; private set; } = [];

    /// <summary>The owner numbers of processes that were declared dead, the latest first.</summary>
    public IReadOnlyList<long> Gone => _gone;

    /// <summary>True after the faults have stopped.</summary>
    public bool IsCalm => _calm;

    public IEnumerable<Process> Alive =>
        Machines.Select(static m => m.Process).OfType<Process>().Where(static p => p.IsAlive);

    public void Kill(Process process)
    {
        if (!process.IsAlive)
        {
            return;
        }

        World.History.Add(null, new MachineNews(process.Name, process.Owner, "dies"));
        process.Die();
        var machine = process.Machine;
        if (!Plan.Alone)
        {
            World.After(World.Between(1000, 13_000), () => Declare(process));
        }

        World.After(machine.DownFor, () => Reboot(process));
    }

    /// <summary>
    /// Pauses a process until it is declared dead. It then continues as a zombie until it learns of that.
    /// </summary>
    public void Pause(Process process, TimeSpan length)
    {
        if (!process.IsAlive || process.IsPaused)
        {
            return;
        }

        World.History.Add(null, new MachineNews(process.Name, process.Owner, "is stopped"));
        process.Pause();
        var noticed = World.Between(1000, 13_000);
        if (!Plan.Alone && noticed < length)
        {
            World.After(noticed, () => Declare(process));
        }

        World.After(length, () =>
        {
            if (!process.IsAlive)
            {
                return;
            }

            World.History.Add(
                null,
                new MachineNews(process.Name, process.Owner, process.IsDeclaredDead ? "goes on, a zombie" : "goes on"));
            process.GoOn();
            if (process.IsDeclaredDead)
            {
                World.After(World.Between(0, 8000), () => Kill(process));
            }
        });
    }

    /// <summary>
    /// Stops a process gracefully: the others learn that it leaves, it drains pending requests, then it exits.
    /// </summary>
    /// <param name="patience">The timeout after which its runs are closed.</param>
    public void Stop(Process process, TimeSpan patience)
    {
        if (!process.IsAlive || process.IsPaused || process.IsDeclaredDead || process.IsLeaving)
        {
            return;
        }

        World.History.Add(null, new MachineNews(process.Name, process.Owner, MachineNews.Leaves));
        process.Leave();
        Change([.. Members.Where(p => p != process)]);
        Elect();
        process.NewTurns().Post(() => World.Watch(End()));

        async Task End()
        {
            using var over = new CancellationTokenSource();
            World.After(patience, () => process.WhenAwake(() => CutOff(over)));
            await Defect.Stop(process, over.Token);
            do
            {
                // Its last messages leave. As in production, it waits for calls in flight.
                await World.Delay(World.Between(1, 50));
                if (!process.IsAlive)
                {
                    return; // It was killed in the meantime.
                }
            }
            while (process.CallsUnderWay > 0 && !over.IsCancellationRequested);

            World.History.Add(null, new MachineNews(
                process.Name, process.Owner, over.IsCancellationRequested ? MachineNews.CutOff : MachineNews.Stopped));
            process.Die();
            Declare(process);
            World.After(process.Machine.DownFor, () => Reboot(process));
        }

        static void CutOff(CancellationTokenSource over)
        {
            try
            {
                over.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It stopped within the timeout.
            }
        }
    }

    /// <summary>
    /// Gives a process a wrong membership view while it receives requests, so that a gid has two owners.
    /// </summary>
    public void Mislead(Process process)
    {
        process.Cluster.Mislead(World.Between(500, 10_000));
        foreach (var transaction in Plan.Transactions.Where(_ => World.Random.Next(2) == 0))
        {
            World.After(
                World.Between(0, 2000),
                () => process.NewTurns().Post(() => World.Watch(process.Transactions.Resume(transaction.Gid, 0))));
        }
    }

    /// <summary>Stops all faults.</summary>
    public void BecomeCalm()
    {
        _calm = true;
        foreach (var database in Databases)
        {
            database.Calm();
        }

        foreach (var machine in Machines)
        {
            machine.Disarm();
        }
    }

    private bool Calm() => _calm;

    public TimeSpan Hop(Process from, Process to) => from == to ? TimeSpan.Zero : World.Between(0.1, 1.5);

    /// <summary>Changes the table. Each process reads it a moment later, a zombie never.</summary>
    private void Change(IReadOnlyList<Process> members)
    {
        Members = members;
        var version = ++_version;
        foreach (var process in Alive.Where(static p => !p.IsDeclaredDead))
        {
            var isNews = process.IsLeaving || (members.Count > 0 && process == members[^1]);
            World.After(
                isNews ? TimeSpan.Zero : World.Between(0, 2000),
                () => process.WhenAwake(() => process.Cluster.Learn(version, members)));
        }
    }

    private void Reboot(Process process)
    {
        if (process.Machine.Process == process)
        {
            Declare(process); // At the latest when its successor starts on the same address.
            Boot(process.Machine);
        }
    }

    private void Boot(Machine machine)
    {
        machine.Lives++;
        machine.Wall.Offset = Plan.Skews[machine.Number] + machine.Jump;
        var process = new Process(
            this, machine, $"p{machine.Number + 1}.{machine.Lives}", (1000 * (machine.Number + 1)) + machine.Lives);
        machine.Process = process;
        World.History.Add(null, new MachineNews(process.Name, process.Owner, "starts"));
        Change([.. Members, process]);
        process.Cluster.Learn(_version, Members);
        for (var shard = 0; shard < Plan.Shards; shard++)
        {
            if (Plan.EverybodySweeps)
            {
                _ = new Sweeper(this, process, shard);
            }
            else
            {
                Elect(shard);
            }
        }
    }

    private void Declare(Process process)
    {
        if (process.IsDeclaredDead)
        {
            return;
        }

        World.History.Add(null, new MachineNews(process.Name, process.Owner, MachineNews.DeclaredDead));
        _gone.Insert(0, process.Owner);
        process.Declare();
        Change([.. Members.Where(p => p != process)]);
        Elect();
    }

    private void Elect()
    {
        for (var shard = 0; shard < Plan.Shards; shard++)
        {
            var number = shard;
            World.After(World.Between(0, 3000), () => Elect(number));
        }
    }

    /// <summary>Elects the sweeper of a shard, soon after the previous one is known to be dead.</summary>
    private void Elect(int shard)
    {
        if (Plan.EverybodySweeps || _sweepers[shard] is { Process: { IsDeclaredDead: false, IsLeaving: false } })
        {
            return;
        }

        var candidates = Alive.Where(static p => p is { IsDeclaredDead: false, IsLeaving: false }).ToList();
        _sweepers[shard] = candidates.Count == 0
            ? null
            : new Sweeper(this, candidates[World.Random.Next(candidates.Count)], shard);
    }
}

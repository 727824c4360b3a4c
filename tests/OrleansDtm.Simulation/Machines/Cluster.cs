using OrleansDtm.Simulation.Defects;
using OrleansDtm.Simulation.Engine;
using OrleansDtm.Simulation.Histories;
using OrleansDtm.Simulation.Plans;
using OrleansDtm.Simulation.Services;
using OrleansDtm.Simulation.Stores;

namespace OrleansDtm.Simulation.Machines;

/// <summary>
/// What Orleans and the operating system are in production: a directory of activations, a membership that notices deaths late and may
/// be wrong, messages between processes, processes that die, stop and come back.
/// </summary>
internal sealed class Cluster
{
    /// <summary>As Orleans' default.</summary>
    public static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, Activation> _directory = new(StringComparer.Ordinal);
    private readonly List<long> _gone = [];
    private readonly Sweeper?[] _sweepers;
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
    }

    public World World { get; }

    public Plan Plan { get; }

    public Defect Defect { get; }

    public IReadOnlyList<Database> Databases { get; }

    public BranchServices Services { get; }

    public IReadOnlyList<Machine> Machines { get; }

    /// <summary>Processes the membership calls dead, the youngest first.</summary>
    public IReadOnlyList<long> Gone => _gone;

    /// <summary>No fault happens any more.</summary>
    public bool IsCalm => _calm;

    public IEnumerable<Process> Alive => Machines.Select(static m => m.Process).OfType<Process>().Where(static p => p.IsAlive);

    /// <summary>A request to a transaction, from a process, wherever it lives; a new activation is made where it is asked for.</summary>
    /// <exception cref="TimeoutException">It could not be delivered, or was not answered in time.</exception>
    public Task<T> Ask<T>(Process from, string gid, Func<Activation, Task<T>> request, TimeSpan patience)
    {
        var answer = new TaskCompletionSource<T>();
        World.After(patience, () => from.WhenAwake(() => answer.TrySetException(new TimeoutException("no answer in time"))));
        Deliver();
        return answer.Task;

        void Deliver()
        {
            if (!from.IsAlive || answer.Task.IsCompleted)
            {
                return;
            }

            var target = Find(from, gid);
            if (target.IsEnding)
            {
                World.After(World.Between(0.1, 2), Deliver);
                return;
            }

            target.Process.WhenDeclaredDead(() => from.WhenAwake(() => answer.TrySetException(new TimeoutException("its process is gone"))));
            World.After(Hop(from, target.Process), () => target.Turns.Post(() => World.Watch(Handle(target))));
        }

        async Task Handle(Activation target)
        {
            if (target.IsEnding)
            {
                World.After(World.Between(0.1, 2), Deliver);
                return;
            }

            try
            {
                var result = await request(target);
                World.After(Hop(target.Process, from), () => from.WhenAwake(() => answer.TrySetResult(result)));
            }
            catch (Exception e)
            {
                World.After(Hop(target.Process, from), () => from.WhenAwake(() => answer.TrySetException(e)));
            }
        }
    }

    public void Forget(Activation activation)
    {
        if (activation.Process.Activations.GetValueOrDefault(activation.Gid) == activation)
        {
            activation.Process.Activations.Remove(activation.Gid);
        }

        if (_directory.GetValueOrDefault(activation.Gid) == activation)
        {
            _directory.Remove(activation.Gid);
        }
    }

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

        World.After(machine.DownFor, () =>
        {
            if (machine.Process == process)
            {
                Declare(process); // At the latest its successor on the same address says so.
                Boot(machine);
            }
        });
    }

    /// <summary>Stopped until the membership has given it up; it goes on as a zombie until it learns that.</summary>
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

            World.History.Add(null, new MachineNews(process.Name, process.Owner, process.IsDeclaredDead ? "goes on, a zombie" : "goes on"));
            process.GoOn();
            if (process.IsDeclaredDead)
            {
                World.After(World.Between(0, 8000), () => Kill(process));
            }
        });
    }

    /// <summary>
    /// Where the transactions of a process are is forgotten; they live on, for a while or until they end by themselves, and somebody asks
    /// for them elsewhere: two owners.
    /// </summary>
    public void LoseDirectory(Process process)
    {
        var others = Alive.Where(p => p != process && !p.IsDeclaredDead).ToList();
        foreach (var activation in process.Activations.Values.ToList())
        {
            if (_directory.GetValueOrDefault(activation.Gid) != activation)
            {
                continue;
            }

            if (others.Count > 0 && World.Random.Next(4) > 0)
            {
                var other = others[World.Random.Next(others.Count)];
                World.After(World.Between(0, 2000), () => other.NewTurns().Post(() => World.Watch(LookIn(other, activation.Gid))));
            }

            _directory.Remove(activation.Gid); // Its own process still knows it: a silo has one activation of a grain at most.
            if (World.Random.Next(3) > 0)
            {
                World.After(World.Between(0, 10_000), () => process.WhenAwake(activation.End));
            }
        }
    }

    /// <summary>From now on nothing goes wrong.</summary>
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

    private async Task LookIn(Process from, string gid)
    {
        try
        {
            await Ask(from, gid, static a => a.Resume(0), ResponseTimeout);
        }
        catch (TimeoutException)
        {
            // Whoever asked has lost interest.
        }
    }

    private TimeSpan Hop(Process from, Process to) => from == to ? TimeSpan.Zero : World.Between(0.1, 1.5);

    private Activation Find(Process from, string gid)
    {
        if (from.Activations.TryGetValue(gid, out var local))
        {
            return local;
        }

        if (!from.IsDeclaredDead && _directory.TryGetValue(gid, out var known))
        {
            return known;
        }

        var activation = new Activation(this, from, gid);
        from.Activations.Add(gid, activation);
        if (!from.IsDeclaredDead)
        {
            _directory[gid] = activation; // A zombie's entries reach nobody.
        }

        return activation;
    }

    private void Boot(Machine machine)
    {
        machine.Lives++;
        machine.Wall.Offset = Plan.Skews[machine.Number] + machine.Jump;
        var process = new Process(this, machine, $"p{machine.Number + 1}.{machine.Lives}", (1000 * (machine.Number + 1)) + machine.Lives);
        machine.Process = process;
        World.History.Add(null, new MachineNews(process.Name, process.Owner, "starts"));
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

        World.History.Add(null, new MachineNews(process.Name, process.Owner, "is declared dead"));
        _gone.Insert(0, process.Owner);
        foreach (var (gid, activation) in _directory.Where(e => e.Value.Process == process).ToList())
        {
            _directory.Remove(gid);
        }

        process.Declare();
        for (var shard = 0; shard < Plan.Shards; shard++)
        {
            var number = shard;
            World.After(World.Between(0, 3000), () => Elect(number));
        }
    }

    /// <summary>Somebody sweeps each shard, soon after whoever did is known to be gone.</summary>
    private void Elect(int shard)
    {
        if (Plan.EverybodySweeps || _sweepers[shard] is { Process: { IsDeclaredDead: false } })
        {
            return;
        }

        var candidates = Alive.Where(static p => !p.IsDeclaredDead).ToList();
        _sweepers[shard] = candidates.Count == 0 ? null : new Sweeper(this, candidates[World.Random.Next(candidates.Count)], shard);
    }
}

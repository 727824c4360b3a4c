using OrleansDtm.Faults.Histories;
using OrleansDtm.Faults.Machines;

namespace OrleansDtm.Faults.Injection;

/// <summary>Injects faults, one at a time, and ends them.</summary>
/// <param name="world">What is broken.</param>
/// <param name="random">Draws targets and durations.</param>
/// <param name="isBrief">True = each fault lasts the shortest time possible.</param>
/// <param name="returned">Gets the kind, and the time from the return of the database to work of each silo.</param>
internal sealed class Injector(World world, Random random, bool isBrief, Action<string, TimeSpan> returned)
{
    private const string Filler = "filler";

    /// <summary>The maximum random part of a fault's duration in a brief run, in seconds.</summary>
    private const double BriefSpread = 2;

    /// <summary>The silos that change their build, in this order: each first and each last, forth and back.</summary>
    private static readonly int[] Order = [0, 1, 1, 0, 1, 0, 0, 1];

    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan WorkLimit = TimeSpan.FromSeconds(60);

    /// <summary>Every fault kind, with a test whether it is available on this machine.</summary>
    private static readonly Dictionary<string, Func<World, bool>> Kinds = new()
    {
        ["kill"] = static _ => true,
        ["pause"] = static _ => true,
        ["db-restart"] = static _ => true,
        ["partition"] = static w => w.Network.IsReal,
        ["kill-both"] = static _ => true,
        ["stop"] = static _ => true,
        ["hiccup"] = static _ => true,
        ["db-pause"] = static _ => true,
        ["one-way"] = static w => w.Network.IsReal,
        ["db-partition"] = static _ => true,
        ["db-slow"] = static _ => true,
        ["db-cut"] = static _ => true,
        ["client-cut"] = static _ => true,
        ["client-partition"] = static _ => true,
        ["clock"] = static _ => FakeTime.Library is not null,
        ["disk-full"] = static w => w.Disk is not null,
        ["kill-with-db"] = static _ => true,
        ["db-move"] = static w => w.Pair is null,
        ["upgrade"] = static w => w.All[0].OtherServer is not null,
        ["failover"] = static w => w.Pair is not null,
        ["failover-zombie"] = static w => w.Pair is not null,
    };

    private int _upgrades;

    /// <summary>Returns the fault kinds that are available on this machine.</summary>
    public static IReadOnlyList<string> Possible(World world) =>
        [.. Kinds.Where(k => k.Value(world)).Select(static k => k.Key)];

    public static IReadOnlyList<string> Impossible(World world) =>
        [.. Kinds.Where(k => !k.Value(world)).Select(static k => k.Key)];

    /// <summary>Injects one fault and waits until everything is healthy again.</summary>
    /// <exception cref="TimeoutException">The cluster did not become ready in time.</exception>
    public async Task Inject(string kind)
    {
        var slot = kind == "upgrade" ? Order[_upgrades++ % Order.Length] : random.Next(world.All.Count);
        var target = kind switch
        {
            "kill-both" or "partition" => "A B",
            "db-restart" or "db-pause" or "disk-full" or "db-move" or "failover" or "failover-zombie" => "database",
            "one-way" => $"{world.All[slot].Name} to {world.All[1 - slot].Name}",
            _ => world.All[slot].Name,
        };
        world.History.Add(null, new Struck(kind, target));
        await Strike(kind, slot);
        await world.Ready(Bounds.Ready);
        world.History.Add(null, new Healed(kind, target));
    }

    private Task Strike(string kind, int slot)
    {
        var silo = world.All[slot];
        return kind switch
        {
            "kill" => Kill([silo]),
            "kill-both" => Kill(world.All),
            "kill-with-db" => KillWithDatabase(silo),
            "stop" => Stop(silo),
            "upgrade" => Upgrade(silo),
            "pause" => Pause(silo, 9, 25),
            "hiccup" => Pause(silo, 0.5, 3),
            "db-restart" => RestartDatabase(),
            "db-pause" => PauseDatabase(),
            "partition" => Part([(0, 1), (1, 0)]),
            "one-way" => Part([(slot, 1 - slot)]),
            "db-partition" => Hush(world.DatabaseWires[slot], 3, 30),
            "db-slow" => Slow(),
            "db-cut" => Cut(world.DatabaseWires[slot]),
            "client-cut" => Cut(silo.HttpDoor, silo.GrpcDoor),
            "client-partition" => Task.WhenAll(Hush(silo.HttpDoor, 3, 15), Hush(silo.GrpcDoor, 3, 15)),
            "clock" => Skew(silo),
            "disk-full" => FillDisk(),
            "db-move" => MoveDatabase(),
            "failover" => FailOver(isZombie: false),
            "failover-zombie" => FailOver(isZombie: true),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such fault"),
        };
    }

    private async Task Kill(IReadOnlyList<SiloProcess> silos)
    {
        await Task.WhenAll(silos.Select(static s => s.Kill()));
        await Wait(0, 6);
        foreach (var silo in silos)
        {
            await silo.HasEnded(StopLimit);
            silo.Allow(newPorts: random.Next(2) == 0);
        }
    }

    private async Task KillWithDatabase(SiloProcess silo)
    {
        await Task.WhenAll(world.Database.Kill(), silo.Kill());
        await Wait(0, 4);
        silo.Allow(newPorts: random.Next(2) == 0);
        await Wait(0, 3);
        await world.Database.Restart(CancellationToken.None);
    }

    private async Task Stop(SiloProcess silo)
    {
        await silo.Terminate();
        if (!await silo.HasEnded(StopLimit))
        {
            throw new TimeoutException($"{silo.Name} does not stop:\n{silo.Tail}");
        }

        await Wait(0, 4);
        silo.Allow(newPorts: random.Next(2) == 0);
    }

    /// <summary>The silo stops and starts again with the other build, as in a rolling upgrade or its undoing.</summary>
    private Task Upgrade(SiloProcess silo)
    {
        silo.IsOther = !silo.IsOther;
        return Stop(silo);
    }

    private async Task Pause(SiloProcess silo, double from, double to)
    {
        await silo.Pause();
        await Wait(from, to);
        await silo.Resume();
        await Wait(2, 4); // A zombie learns in this time that it was declared dead.
    }

    private async Task RestartDatabase()
    {
        await world.Database.Kill();
        await Wait(0, 10);
        await world.Database.Restart(CancellationToken.None);
    }

    /// <summary>The database is restarted at another address, and a proxy moves its address.</summary>
    private async Task MoveDatabase()
    {
        await world.Database.Kill();
        world.Database.Port = world.Network.FreePort();
        await world.Database.Restart(CancellationToken.None);
        world.MoveDatabase();
        await AwaitWork("db-move");
    }

    /// <summary>
    /// The primary is lost under load and the standby promoted; later the old one comes back as standby. A zombie is
    /// only paused: it continues with its connections, and with commits that no standby has confirmed.
    /// </summary>
    private async Task FailOver(bool isZombie)
    {
        var pair = world.Pair!;
        if (isZombie)
        {
            pair.Primary.Pause();
        }
        else
        {
            await pair.Primary.Kill();
        }

        await Wait(0, 2);
        var old = await pair.Promote();
        if (isZombie)
        {
            old.Resume(); // Before the address moves: silos still talk to it.
            await Wait(0, 2);
        }

        world.MoveDatabase();
        await AwaitWork(isZombie ? "failover-zombie" : "failover");
        await Wait(0, 5);
        await pair.Replace(old);
    }

    /// <summary>Measures the time until each silo ends a transaction again.</summary>
    private async Task AwaitWork(string kind)
    {
        var from = world.History.Now;
        await Task.WhenAll(world.All.Select(static silo => silo.Works(WorkLimit)));
        returned(kind, world.History.Now - from);
    }

    private async Task PauseDatabase()
    {
        world.Database.Pause();
        await Wait(1, 25);
        world.Database.Resume();
    }

    private async Task Part((int From, int To)[] ways)
    {
        foreach (var (from, to) in ways)
        {
            await world.Network.Part(from, to);
        }

        await Wait(2, 25);
        foreach (var (from, to) in ways)
        {
            await world.Network.Join(from, to);
        }

        await Wait(2, 4);
    }

    private async Task Hush(TcpProxy wire, double from, double to)
    {
        wire.Hush();
        await Wait(from, to);
        wire.Speak();
    }

    private async Task Slow()
    {
        foreach (var wire in world.DatabaseWires)
        {
            wire.Delay = TimeSpan.FromMilliseconds(1 + random.Next(60));
        }

        await Wait(5, 20);
        foreach (var wire in world.DatabaseWires)
        {
            wire.Delay = TimeSpan.Zero;
        }
    }

    private async Task Cut(params TcpProxy[] wires)
    {
        for (var times = 1 + random.Next(5); times > 0; times--)
        {
            foreach (var wire in wires)
            {
                wire.Cut();
            }

            await Wait(0.1, 2);
        }
    }

    /// <summary>
    /// Restarts a silo with a clock that is an hour wrong, later once more with the correct one, on the same or on new
    /// ports. On the same ports Orleans must accept it as the successor of a process that started later by its own
    /// clock.
    /// </summary>
    private async Task Skew(SiloProcess silo)
    {
        silo.Skew = random.Next(2) == 0 ? "+1h" : "-1h";
        try
        {
            await Kill([silo]);
            await world.Ready(Bounds.Ready);
            await Wait(8, 20);
        }
        finally
        {
            silo.Skew = null;
            await Kill([silo]);
        }
    }

    private async Task FillDisk()
    {
        var path = Path.Combine(world.Disk!, Filler);
        await using (var filler = new FileStream(
            path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            var until = world.History.Now + Between(5, 20);
            var bytes = new byte[1 << 20];
            while (world.History.Now < until)
            {
                try
                {
                    await filler.WriteAsync(bytes);
                }
                catch (IOException)
                {
                    // The disk is full. Smaller and smaller writes also fill the space that the database frees
                    // meanwhile.
                    bytes = bytes.Length > 4096 ? new byte[bytes.Length / 4] : bytes;
                    await Task.Delay(20);
                }
            }
        }

        File.Delete(path);
        await world.EnsureDatabase();
    }

    private Task Wait(double from, double to) => Task.Delay(Between(from, to));

    private TimeSpan Between(double from, double to) =>
        TimeSpan.FromSeconds(from + (random.NextDouble() * (isBrief ? Math.Min(to - from, BriefSpread) : to - from)));
}

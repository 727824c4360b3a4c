using System.Globalization;
using OrleansDtm.Faults.Histories;
using OrleansDtm.Faults.Load;
using OrleansDtm.Faults.Machines;
using OrleansDtm.Faults.Replicas;
using OrleansDtm.Faults.Services;
using OrleansDtm.Tests.Support.Databases;

namespace OrleansDtm.Faults;

/// <summary>A database, two silos, the branch services, and the links between them.</summary>
internal sealed class World : IAsyncDisposable
{
    private const int Silos = 2;
    private const long DiskBytes = 1_500_000_000;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(120);

    private readonly string _folder;
    private readonly List<IDisposable> _doors = [];
    private DatabaseServer _database = null!;

    private World(Network network, History history, string folder)
    {
        (Network, History, _folder) = (network, history, folder);
        Branches = new BranchAddress($"{network.Host}:{network.FreePort()}", $"{network.Host}:{network.FreePort()}");
        Service = new BranchService(history, network.NameOf);
    }

    public Network Network { get; }

    public History History { get; }

    public BranchAddress Branches { get; }

    public BranchService Service { get; }

    /// <summary>The database, or the primary of the pair.</summary>
    public DatabaseServer Database => Pair?.Primary ?? _database;

    /// <summary>The database with its standby; null = it has none.</summary>
    public DatabasePair? Pair { get; private set; }

    public IReadOnlyList<SiloProcess> All { get; private set; } = [];

    /// <summary>The proxies between silos and the database, one for each silo.</summary>
    public IReadOnlyList<TcpProxy> DatabaseWires { get; private set; } = [];

    public IReadOnlyList<HttpDoor> HttpDoors { get; private set; } = [];

    public IReadOnlyList<GrpcDoor> GrpcDoors { get; private set; } = [];

    /// <summary>
    /// The folder on a separate disk that a fault may fill; null = the folder is on the machine's disk.
    /// </summary>
    public string? Disk => Network.IsReal ? _folder : null;

    /// <summary>A connection string that does not pass a proxy.</summary>
    public string ConnectionString => Database.ConnectionString("dtm");

    /// <returns>The world; null = the database is not installed.</returns>
    public static async Task<World?> Start(Arguments arguments, History history)
    {
        var folder = Directory.CreateTempSubdirectory("orleansdtm-faults-").FullName;
        if (arguments.IsInside)
        {
            await Sandbox.Prepare(folder, DiskBytes);
            Environment.SetEnvironmentVariable("TMPDIR", folder); // The database's folder must be on this disk.
        }

        var world = new World(new Network(arguments.IsInside), history, folder);
        world._database = arguments.Store switch
        {
            "postgres" => new PostgresServer(),
            "mysql9" => new MySqlServer(),
            _ => new MariaDbServer(),
        };
        if (world.Database.FindMissing() is { } missing)
        {
            await Console.Error.WriteLineAsync($"{missing} is not installed");
            return null;
        }

        if (arguments.IsReplicated)
        {
            world.Pair = DatabasePair.Of(arguments.Store);
            await world.Pair.Start();
        }
        else
        {
            await world.Database.Start(CancellationToken.None);
        }

        await world.Service.Start(world.Branches);
        world.Wire(arguments.FromServer);
        foreach (var silo in world.All)
        {
            silo.Start();
        }

        await world.Ready(StartLimit);
        return world;
    }

    /// <summary>Waits until all silos report ready.</summary>
    /// <exception cref="TimeoutException">A silo is not ready in time.</exception>
    public async Task Ready(TimeSpan within)
    {
        var until = History.Now + within;
        foreach (var silo in All)
        {
            while (!await silo.IsReady())
            {
                if (History.Now > until)
                {
                    throw new TimeoutException($"{silo.Name} is not ready after {within.TotalSeconds} s:\n{silo.Tail}");
                }

                await Task.Delay(200);
            }
        }
    }

    /// <summary>Restarts the database if a fault ended it.</summary>
    public async Task EnsureDatabase()
    {
        if (!await Database.Answers(CancellationToken.None))
        {
            History.Add(null, new SiloNews("database", "has ended, and is started again"));
            await Database.Kill();
            await Database.Restart(CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in All)
        {
            await silo.DisposeAsync();
        }

        _doors.ForEach(static d => d.Dispose());
        foreach (var wire in DatabaseWires)
        {
            wire.Dispose();
        }

        await Service.DisposeAsync();
        if (Pair is not null)
        {
            await Pair.DisposeAsync();
        }

        await _database.DisposeAsync();
        if (Disk is null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    /// <summary>
    /// Leads the address of the database to where it is now, and ends the connections to where it was, as a virtual
    /// address or a proxy does.
    /// </summary>
    public void MoveDatabase()
    {
        foreach (var wire in DatabaseWires)
        {
            wire.Target = DatabaseAddress;
            wire.Cut();
        }
    }

    private string DatabaseAddress => $"127.0.0.1:{Database.Port.ToString(CultureInfo.InvariantCulture)}";

    /// <param name="server">The build that the silos start with; null = the one beside this program.</param>
    private void Wire(string? server)
    {
        DatabaseWires =
        [
            .. Enumerable.Range(0, Silos).Select(_ => new TcpProxy(
                $"{Network.Host}:{Network.FreePort()}", DatabaseAddress)),
        ];
        All = [.. Enumerable.Range(0, Silos).Select(i => new SiloProcess(
            i, Network, History, Settings(DatabaseWires[i]), Path.Combine(_folder, SiloProcess.NameOf(i)))
        {
            OtherServer = server,
            IsOther = server is not null,
        })];
        HttpDoors = [.. All.Select(s => new HttpDoor(s.Name, s.HttpDoor.Address, Branches))];
        GrpcDoors = [.. All.Select((s, i) => new GrpcDoor(s.Name, s.GrpcDoor.Address, HttpDoors[i], Branches))];
        _doors.AddRange([.. HttpDoors, .. GrpcDoors]);
    }

    private Dictionary<string, string> Settings(TcpProxy wire)
    {
        var direct = $"Server=127.0.0.1;Port={Database.Port}";
        var at = wire.Address.Split(':');
        var connection = ConnectionString.Replace(direct, $"Server={at[0]};Port={at[1]}", StringComparison.Ordinal)
            .Replace($"Host=127.0.0.1;Port={Database.Port}", $"Host={at[0]};Port={at[1]}", StringComparison.Ordinal);
        return new Dictionary<string, string>
        {
            ["STORE_DRIVER"] = Database.Driver,
            ["STORE_CONNECTION_STRING"] = connection,
            ["RETRY_INTERVAL_MAX"] = Bounds.RetryIntervalMax.TotalSeconds.ToString(CultureInfo.InvariantCulture),
            ["RETRY_INTERVAL"] = "1",
            ["TIMEOUT_TO_FAIL"] = Bounds.TimeoutToFail.TotalSeconds.ToString(CultureInfo.InvariantCulture),
        };
    }
}

using System.Globalization;

namespace OrleansDtm.Benchmarks;

/// <summary>The command-line options.</summary>
internal sealed class Options
{
    public const string HelpText = """
        Measures the coordinator relative to a floor: a server that parses the submit, calls the branches and answers.

        usage: dotnet run -c Release --project tests/OrleansDtm.Benchmarks [-- options]

          --patterns LIST     saga (default), saga-tags, msg, tcc; separated by commas
          --clients LIST      clients of the rows with many clients, one request in flight each (64), e.g. 64,256
          --payload BYTES     size of each step's payload (13)
          --steps N           steps of a saga (2)
          --seconds N         measured seconds of each row (15)
          --turns N           number of turns: floor, rows, floor, rows, ..., floor (5)
          --warmup N          warm-up seconds before each turn (1)
          --first-warmup N    warm-up seconds after the start of a coordinator, for the JIT (25)
          --gids KIND         time (default; as newGid makes them), random, or count: counted up by each client
          --sessions KIND     own (default): each process has a session, and so a scheduling group, of its own, as
                              services and containers have; one: all share that of the benchmark
          --stores LIST       sqlite (default; a fresh file), mysql, mysql9, postgres: a fresh server of MariaDB,
                              Oracle's MySQL (with its binary log) or PostgreSQL with durable commits, or the server
                              of STORE_CONNECTION_STRING or STORE_HOST
          --server-dll FILE   the coordinator to start (default: the one built beside this project)
          --server-url URL    measure a running server with DTM's HTTP API, e.g. http://localhost:36789
          --server-pid N      its process id, for the CPU and memory columns (only on this machine)
          --pending N         instead of the patterns: compares an empty store with a store that has N delayed messages
                              (0 = off)
          --due N             due messages in each such measurement (20000)
          --due-seconds N     period in which they become due (60); measured all at once too
          --json FILE         also write the result as JSON
          --help              this text

        Roles that the benchmark starts, also usable manually:  branch --port N  |  floor --port N
        """;

    private static readonly string[] KnownPatterns = ["saga", "saga-tags", "msg", "tcc"];
    private static readonly string[] KnownStores = ["sqlite", "mysql", "mysql9", "postgres"];

    public IReadOnlyList<string> Patterns { get; private set; } = ["saga"];

    public IReadOnlyList<string> Stores { get; private set; } = ["sqlite"];

    public Load.GidKind Gids { get; private set; } = Load.GidKind.Time;

    /// <summary>True = each process has a session of its own.</summary>
    public bool HasOwnSessions { get; private set; } = true;

    /// <summary>The numbers of clients; the first one is that of all patterns but saga.</summary>
    public IReadOnlyList<int> ClientCounts { get; private set; } = [64];

    public int Clients => ClientCounts[0];

    /// <summary>The size and number of a saga's steps.</summary>
    public Load.SagaShape Shape { get; private set; } = Load.SagaShape.Default;

    public TimeSpan Measured { get; private set; } = TimeSpan.FromSeconds(15);

    public int Turns { get; private set; } = 5;

    public TimeSpan MeasuredEachTurn => Measured / Turns;

    public TimeSpan Warmup { get; private set; } = TimeSpan.FromSeconds(1);

    public TimeSpan FirstWarmup { get; private set; } = TimeSpan.FromSeconds(25);

    public string? ServerDll { get; private set; }

    public Uri? ServerUrl { get; private set; }

    public int? ServerPid { get; private set; }

    /// <summary>The number of delayed messages in the store; 0 = measures the usual rows instead.</summary>
    public int Pending { get; private set; }

    public int Due { get; private set; } = 20_000;

    public TimeSpan DueTime { get; private set; } = TimeSpan.FromSeconds(60);

    public string? JsonFile { get; private set; }

    public bool Help { get; private set; }

    public static bool TryParse(string[] args, out Options options, out string problem)
    {
        options = new Options();
        problem = "";
        try
        {
            for (var i = 0; i < args.Length; i++)
            {
                if (args[i] is "--help" or "-h" or "-?")
                {
                    options.Help = true;
                    return true;
                }

                var value = i + 1 < args.Length
                    ? args[i + 1]
                    : throw new FormatException($"{args[i]}: unknown option, or missing value");
                options.Set(args[i], value);
                i++;
            }

            return true;
        }
        catch (FormatException e)
        {
            problem = e.Message;
            return false;
        }
    }

    private void Set(string name, string value)
    {
        switch (name)
        {
            case "--patterns":
                Patterns = Names(name, value, KnownPatterns);
                break;
            case "--stores":
                Stores = Names(name, value, KnownStores);
                break;
            case "--gids":
                Gids = Enum.Parse<Load.GidKind>(Names(name, value, ["count", "time", "random"])[0], ignoreCase: true);
                break;
            case "--sessions":
                HasOwnSessions = Names(name, value, ["own", "one"])[0] == "own";
                break;
            case "--clients":
                ClientCounts = [.. value.Split(',').Select(one => (int)Number(name, one, 1, 4096))];
                break;
            case "--payload":
                Shape = Shape with { PayloadBytes = (int)Number(name, value, Load.SagaShape.PayloadMin, 1_000_000) };
                break;
            case "--steps":
                Shape = Shape with { Steps = (int)Number(name, value, 2, 10_000) };
                break;
            case "--seconds":
                Measured = TimeSpan.FromSeconds(Number(name, value, 0.1, 3600));
                break;
            case "--turns":
                Turns = (int)Number(name, value, 1, 100);
                break;
            case "--first-warmup":
                FirstWarmup = TimeSpan.FromSeconds(Number(name, value, 0, 3600));
                break;
            case "--warmup":
                Warmup = TimeSpan.FromSeconds(Number(name, value, 0, 3600));
                break;
            case "--server-dll":
                ServerDll = File.Exists(value)
                    ? Path.GetFullPath(value)
                    : throw new FormatException($"--server-dll: file {value} does not exist");
                break;
            case "--server-url":
                ServerUrl = Uri.TryCreate(value, UriKind.Absolute, out var url) && (url.Scheme is "http" or "https")
                    ? url
                    : throw new FormatException($"--server-url: '{value}' is not an http(s) URL");
                break;
            case "--server-pid":
                ServerPid = (int)Number(name, value, 1, int.MaxValue);
                break;
            case "--pending":
                Pending = (int)Number(name, value, 0, 100_000_000);
                break;
            case "--due":
                Due = (int)Number(name, value, 1, 10_000_000);
                break;
            case "--due-seconds":
                DueTime = TimeSpan.FromSeconds(Number(name, value, 0, 3600));
                break;
            case "--json":
                JsonFile = value;
                break;
            default:
                throw new FormatException($"{name}: unknown option");
        }
    }

    private static double Number(string name, string value, double least, double most) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && number >= least
            && number <= most
            ? number
            : throw new FormatException($"{name}: '{value}' is not a number from {least} to {most}");

    private static string[] Names(string name, string value, string[] known)
    {
        var names = value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var unknown = names.FirstOrDefault(n => !known.Contains(n));
        return names.Length > 0 && unknown is null
            ? names
            : throw new FormatException($"{name}: '{unknown ?? value}' is not one of {string.Join(", ", known)}");
    }
}

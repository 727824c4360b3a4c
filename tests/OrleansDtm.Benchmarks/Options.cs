using System.Globalization;

namespace OrleansDtm.Benchmarks;

/// <summary>What the command line asks for.</summary>
internal sealed class Options
{
    public const string HelpText = """
        Measures the coordinator against a floor: a server that only does what no coordinator can avoid.

        usage: dotnet run -c Release --project tests/OrleansDtm.Benchmarks [-- options]

          --patterns LIST     saga (default), msg, tcc; separated by commas
          --clients N         clients of the rows with many clients, one request under way each (64)
          --seconds N         measured seconds of each row (15)
          --turns N           turns they are cut into: floor, rows, floor, rows, ..., floor (5)
          --warmup N          seconds before each turn that are not counted (1)
          --first-warmup N    seconds of load on a coordinator that has just started (25): the JIT needs them on two cores
          --stores LIST       sqlite (default: a fresh file), mysql, postgres: a fresh server of MariaDB or PostgreSQL with
                              durable commits, or the one that STORE_CONNECTION_STRING or STORE_HOST names
          --server-dll FILE   the coordinator to start (default: the one built beside this project)
          --server-url URL    measure a running server that speaks DTM's HTTP API instead, e.g. http://localhost:36789
          --server-pid N      its process id, for the columns on CPU and memory (only if it runs on this machine)
          --pending N         instead of the patterns: the same load and the same due messages on an empty store and on one
                              with N delayed messages in it, and the ratio (0 = not)
          --due N             messages that come due in each such measurement (20000)
          --due-seconds N     over how long they come due (60); they also come due all at once
          --json FILE         write the result as JSON as well
          --help              this text

        Roles the benchmark starts by itself, usable by hand:  branch --port N  |  floor --port N
        """;

    private static readonly string[] KnownPatterns = ["saga", "msg", "tcc"];
    private static readonly string[] KnownStores = ["sqlite", "mysql", "postgres"];

    public IReadOnlyList<string> Patterns { get; private set; } = ["saga"];

    public IReadOnlyList<string> Stores { get; private set; } = ["sqlite"];

    public int Clients { get; private set; } = 64;

    public TimeSpan Measured { get; private set; } = TimeSpan.FromSeconds(15);

    public int Turns { get; private set; } = 5;

    public TimeSpan MeasuredEachTurn => Measured / Turns;

    public TimeSpan Warmup { get; private set; } = TimeSpan.FromSeconds(1);

    public TimeSpan FirstWarmup { get; private set; } = TimeSpan.FromSeconds(25);

    public string? ServerDll { get; private set; }

    public Uri? ServerUrl { get; private set; }

    public int? ServerPid { get; private set; }

    /// <summary>Delayed messages in the store; 0 = the usual rows instead.</summary>
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

                var value = i + 1 < args.Length ? args[i + 1] : throw new FormatException($"{args[i]}: no such option, or its value is missing");
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
            case "--clients":
                Clients = (int)Number(name, value, 1, 4096);
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
                ServerDll = File.Exists(value) ? Path.GetFullPath(value) : throw new FormatException($"--server-dll: there is no file {value}");
                break;
            case "--server-url":
                ServerUrl = Uri.TryCreate(value, UriKind.Absolute, out var url) && (url.Scheme is "http" or "https")
                    ? url
                    : throw new FormatException($"--server-url: '{value}' is no http(s) address");
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
                throw new FormatException($"{name}: no such option");
        }
    }

    private static double Number(string name, string value, double least, double most) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new FormatException($"{name}: '{value}' is no number from {least} to {most}");

    private static string[] Names(string name, string value, string[] known)
    {
        var names = value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var unknown = names.FirstOrDefault(n => !known.Contains(n));
        return names.Length > 0 && unknown is null
            ? names
            : throw new FormatException($"{name}: '{unknown ?? value}' is none of {string.Join(", ", known)}");
    }
}

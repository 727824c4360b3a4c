using System.Globalization;

namespace OrleansDtm.Faults;

/// <summary>The command-line arguments of a run.</summary>
internal sealed record Arguments
{
    public const string Usage =
        "--seed N [--minutes M] [--faults kill,pause,...] [--rounds R] [--brief 1] [--store mysql|mysql9|postgres] "
        + "[--clients C] [--pause SECONDS] [--from-server DLL] [--report FILE]";

    public int Seed { get; init; } = 1;

    public TimeSpan Length { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The fault kinds: first each once in this order, then drawn at random; empty = all that are available.
    /// </summary>
    public IReadOnlyList<string> Faults { get; init; } = [];

    /// <summary>The number of faults; 0 = faults are injected for <see cref="Length"/>.</summary>
    public int Rounds { get; init; }

    /// <summary>True = each fault lasts the shortest time possible.</summary>
    public bool IsBrief { get; init; }

    /// <summary>mysql = MariaDB, mysql9 = Oracle's MySQL, or postgres.</summary>
    public string Store { get; init; } = "mysql";

    /// <summary>True if the database needs a standby: a fault fails over to it.</summary>
    public bool IsReplicated => Faults.Any(static f => f.StartsWith("failover", StringComparison.Ordinal));

    public int Clients { get; init; } = 16;

    /// <summary>The mean pause of a client between two transactions.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(0.8);

    /// <summary>The OrleansDtm.Server.dll of another build, with which the silos start; null = none.</summary>
    public string? FromServer { get; init; }

    /// <summary>The path of the JSON report; null = no report.</summary>
    public string? Report { get; init; }

    /// <summary>True in the process that runs in its own namespaces, see <see cref="Machines.Sandbox"/>.</summary>
    public bool IsInside { get; init; }

    /// <exception cref="FormatException">An argument is unknown or lacks its value.</exception>
    public static Arguments Parse(string[] args)
    {
        var parsed = new Arguments();
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == Machines.Sandbox.Inside)
            {
                parsed = parsed with { IsInside = true };
                continue;
            }

            var value = i + 1 < args.Length
                ? args[i + 1]
                : throw new FormatException($"{args[i]}: missing value. {Usage}");
            parsed = args[i++] switch
            {
                "--seed" => parsed with { Seed = int.Parse(value, CultureInfo.InvariantCulture) },
                "--minutes" =>
                    parsed with { Length = TimeSpan.FromMinutes(double.Parse(value, CultureInfo.InvariantCulture)) },
                "--faults" => parsed with { Faults = value.Split(',', StringSplitOptions.RemoveEmptyEntries) },
                "--rounds" => parsed with { Rounds = int.Parse(value, CultureInfo.InvariantCulture) },
                "--brief" => parsed with { IsBrief = value == "1" },
                "--store" when value is "mysql" or "mysql9" or "postgres" => parsed with { Store = value },
                "--clients" => parsed with { Clients = int.Parse(value, CultureInfo.InvariantCulture) },
                "--pause" =>
                    parsed with { Pause = TimeSpan.FromSeconds(double.Parse(value, CultureInfo.InvariantCulture)) },
                "--from-server" => parsed with { FromServer = Path.GetFullPath(value) },
                "--report" => parsed with { Report = Path.GetFullPath(value) },
                _ => throw new FormatException($"{args[i - 1]} {value}: unknown argument. {Usage}"),
            };
        }

        return parsed;
    }
}

using System.Globalization;
using OrleansDtm.Benchmarks.Load;

namespace OrleansDtm.Benchmarks.Report;

/// <summary>The result as a Markdown table for the README.</summary>
internal static class Table
{
    /// <summary>Warning limits: spread of the shares relative to their median; cores used by other processes.</summary>
    private const double NoisySpread = 0.3;
    private const double NoisyOthers = 0.2;
    private static readonly string[] Titles =
        [
            "row", "clients", "completed/s", "from - to", "of floor", "from - to", "p50 ms", "p95 ms", "p99 ms",
            "server cores", "branch cores", "load cores", "other cores", "server us each", "KiB each", "server MB",
        ];

    public static void PrintHeader(Machine machine, Options options)
    {
        Console.WriteLine(
            $"{machine.Cpu}, {machine.Cores} cores, {machine.System}, {machine.Runtime}, commit {machine.Commit}");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{options.Turns} turns of {options.MeasuredEachTurn.TotalSeconds:0.##} s a row, "
            + $"{options.Warmup.TotalSeconds:0.#} s of warm-up before each; server, branch service and load generator "
            + $"share the machine, {(options.HasOwnSessions ? "each in a session of its own" : "in one session")}; "
            + $"gids: {options.Gids.ToString().ToLowerInvariant()}; sagas of {options.Shape.Steps} steps with payloads "
            + $"of {options.Shape.PayloadBytes} bytes"));
        Console.WriteLine();
    }

    public static void Print(StoreResult result)
    {
        Console.WriteLine();
        Console.WriteLine(result.StartMilliseconds is { } start
            ? $"Store: {result.Store}. First response {Text(start, "0")} ms after the start, then "
                + $"{Text(result.IdleMegabytes, "0")} MB."
            : $"Store: {result.Store}.");
        Console.WriteLine();
        var lines = new List<string[]> { Titles };
        lines.AddRange(result.Rows.Select(Cells));
        var widths = Enumerable.Range(0, Titles.Length).Select(c => lines.Max(l => l[c].Length)).ToArray();
        for (var i = 0; i < lines.Count; i++)
        {
            Console.WriteLine(Line(lines[i], widths));
            if (i == 0)
            {
                Console.WriteLine(
                    "|" + string.Concat(widths.Select((w, c) => "-" + new string('-', w) + (c == 0 ? "-|" : ":|"))));
            }
        }

        Console.WriteLine();
        PrintNotes(result);
    }

    private static void PrintNotes(StoreResult result)
    {
        if (result.Rows.Any(r => (result.Store == "sqlite" && r.Cores.Others > NoisyOthers)
            || (r.Shares.Count > 0 && r.Shares.Max() - r.Shares.Min() > NoisySpread * r.ShareOfFloor)))
        {
            Console.WriteLine(
                "(!) The machine was not idle (turns differ, or other processes used CPU): shares are inaccurate.");
        }

        foreach (var row in result.Rows.Where(r => r.DrainSeconds is not null))
        {
            Console.WriteLine(
                $"{row.Label}: {Text(row.AcceptedPerSecond, "N0")}/s accepted; all finished "
                + $"{Text(row.DrainSeconds, "0.00")} s after the end of the load.");
        }

        foreach (var row in result.Rows.Where(r => r.Complaints.Count > 0))
        {
            Console.WriteLine($"(!) {row.Label}, {row.Clients} clients: {string.Join("; ", row.Complaints)}");
        }
    }

    private static string[] Cells(RowResult row) =>
    [
        row.Label + (row.Complaints.Count > 0 ? " (!)" : ""),
        Text(row.Clients, "0"),
        Text(row.CompletedPerSecond, "N0"),
        $"{Text(row.LeastPerSecond, "N0")} - {Text(row.MostPerSecond, "N0")}",
        Text(row.ShareOfFloor, "0.00"),
        row.Shares.Count > 0 ? $"{Text(row.Shares.Min(), "0.00")} - {Text(row.Shares.Max(), "0.00")}" : "-",
        Text(row.P50, "0.00"),
        Text(row.P95, "0.00"),
        Text(row.P99, "0.00"),
        Text(row.Cores.Server, "0.00"),
        Text(row.Cores.Branch, "0.00"),
        Text(row.Cores.Load, "0.00"),
        Text(row.Cores.Others, "0.00"),
        Text(row.ServerMicroseconds, "0"),
        Text(row.AllocatedKib, "0.0"),
        Text(row.ServerMegabytes, "0"),
    ];

    private static string Line(string[] cells, int[] widths) =>
        "| " + string.Join(" | ", cells.Select((c, i) => i == 0 ? c.PadRight(widths[i]) : c.PadLeft(widths[i]))) + " |";

    private static string Text(double? value, string format) =>
        value is { } v && !double.IsNaN(v) ? v.ToString(format, CultureInfo.InvariantCulture) : "-";
}

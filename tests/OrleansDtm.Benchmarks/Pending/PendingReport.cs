using System.Globalization;
using OrleansDtm.Benchmarks.Report;

namespace OrleansDtm.Benchmarks.Pending;

/// <summary>Formats both sides and their ratio as a Markdown table.</summary>
internal static class PendingReport
{
    public static void Print(string store, TimeSpan filling, PendingSide[] sides)
    {
        var (empty, full) = (sides[0], sides[1]);
        Console.WriteLine();
        Console.WriteLine($"Store: {store}. Filled in {Text(filling.TotalSeconds, "0")} s with the storage library, "
            + "before the server started.");
        Console.WriteLine();
        Console.WriteLine($"| {"",-47} | {empty.Name,12} | {full.Name,20} | ratio |");
        Console.WriteLine($"|-{new string('-', 47)}-|-{new string('-', 12)}:|-{new string('-', 20)}:|------:|");
        Line("saga, waiting: completed/s, median of the turns", "N0", static s => s.SagasPerSecond, isRatio: true);
        Line("saga: the slowest turn", "N0", static s => s.Sagas.Min(static r => r.CompletedPerSecond));
        Line("saga: p50 ms", "0.00", static s => Turns.Median(s.Sagas.Select(static r => r.P50)));
        Line("saga: p99 ms", "0.00", static s => Turns.Median(s.Sagas.Select(static r => r.P99)));
        Line("saga: server's CPU us each", "0", static s => s.CpuMicrosecondsPerSaga, isRatio: true);
        Line("delayed msg: accepted/s, median of the turns", "N0", static s => s.AcceptedPerSecond, isRatio: true);
        Line(
            "due at once: called/s, mean of two",
            "N0",
            static s => s.Bursts.Average(static b => b.CalledPerSecond),
            isRatio: true);
        Line("due over time: called/s", "N0", static s => s.Spread!.CalledPerSecond);
        Line("due over time: p50 ms late", "N0", static s => s.Spread!.Lateness.P50);
        Line("due over time: p99 ms late", "N0", static s => s.Spread!.Lateness.P99);
        Line("due over time: max ms late", "N0", static s => s.Spread!.Lateness.Max);
        Line("first response after ms", "N0", static s => s.Server.TimeToAnswer.TotalMilliseconds);
        Line("/api/metrics ms", "N0", static s => s.MetricsMilliseconds);
        Line("list of unfinished sagas ms", "N0", static s => s.ListMilliseconds);
        Line("server MB at the start", "N0", static s => s.MegabytesAtStart);
        Line("server MB at the end", "N0", static s => s.Megabytes);
        Console.WriteLine();
        foreach (var side in sides)
        {
            Complain(side);
        }

        void Line(string title, string format, Func<PendingSide, double> value, bool isRatio = false)
        {
            var ratio = isRatio ? Text(value(full) / value(empty), "0.00") : "-";
            Console.WriteLine(
                $"| {title,-47} | {Text(value(empty), format),12} | {Text(value(full), format),20} | {ratio,5} |");
        }
    }

    private static void Complain(PendingSide side)
    {
        foreach (var complaint in side.Sagas.Concat(side.Accepts).SelectMany(static r => r.Complaints))
        {
            Console.WriteLine($"(!) {side.Name}: {complaint}");
        }

        foreach (var due in side.Dues.Where(static d => d.Lateness.Count != d.Count))
        {
            Console.WriteLine($"(!) {side.Name}: {due.Count} messages became due; the branch service received "
                + $"{due.Lateness.Count} calls");
        }

        if (!side.IsGood)
        {
            Console.WriteLine($"(!) {side.Name}: last output of the server:{side.Server.LastLines()}");
        }
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}

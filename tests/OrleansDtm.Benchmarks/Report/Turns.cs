using OrleansDtm.Benchmarks.Load;

namespace OrleansDtm.Benchmarks.Report;

/// <summary>
/// Combines the turns of a row. The speed of a virtual machine changes within a minute, so each turn is compared with
/// the floor before and after it, and the median counts: one bad second affects one turn but not the result.
/// </summary>
internal static class Turns
{
    /// <param name="rows">
    /// The rows in the order of measurement: a floor, the rows of the group, a floor, the rows again, ..., a floor.
    /// </param>
    public static IReadOnlyList<RowResult> Combine(IReadOnlyList<RowResult> rows)
    {
        var shared = rows.Select(
            (row, i) => row.IsFloor ? row : row with { ShareOfFloor = row.CompletedPerSecond / FloorAround(rows, i) });
        return [.. shared.GroupBy(static r => (r.Label, r.Clients)).Select(static g => One([.. g]))];
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0
            ? double.NaN
            : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static double FloorAround(IReadOnlyList<RowResult> rows, int i)
    {
        var before = rows.Take(i).Last(static r => r.IsFloor);
        var after = rows.Skip(i + 1).First(static r => r.IsFloor);
        return (before.CompletedPerSecond + after.CompletedPerSecond) / 2;
    }

    private static RowResult One(RowResult[] turns)
    {
        double? Median(Func<RowResult, double?> figure) =>
            turns.Select(figure).OfType<double>().ToArray() is { Length: > 0 } known ? Turns.Median(known) : null;

        return turns[0] with
        {
            AcceptedPerSecond = Turns.Median(turns.Select(static t => t.AcceptedPerSecond)),
            CompletedPerSecond = Turns.Median(turns.Select(static t => t.CompletedPerSecond)),
            LeastPerSecond = turns.Min(static t => t.CompletedPerSecond),
            MostPerSecond = turns.Max(static t => t.CompletedPerSecond),
            ShareOfFloor = Median(static t => t.ShareOfFloor),
            Shares = [.. turns.Select(static t => t.ShareOfFloor).OfType<double>()],
            P50 = Turns.Median(turns.Select(static t => t.P50)),
            P95 = Turns.Median(turns.Select(static t => t.P95)),
            P99 = Turns.Median(turns.Select(static t => t.P99)),
            AllocatedKib = Median(static t => t.AllocatedKib),
            Cores = new Cores(
                Median(static t => t.Cores.Server),
                Median(static t => t.Cores.Branch),
                Median(static t => t.Cores.Load),
                Median(static t => t.Cores.Others)),
            ServerMegabytes = turns[^1].ServerMegabytes,
            DrainSeconds = turns.Max(static t => t.DrainSeconds),
            Errors = turns.Sum(static t => t.Errors),
            Complaints = [.. turns.SelectMany(static t => t.Complaints).Distinct()],
        };
    }
}

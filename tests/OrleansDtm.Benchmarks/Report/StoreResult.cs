using OrleansDtm.Benchmarks.Load;

namespace OrleansDtm.Benchmarks.Report;

/// <summary>All rows measured with one store.</summary>
internal sealed record StoreResult(string Store)
{
    /// <summary>From the start of the process to its first answer; null for a server that was running already.</summary>
    public double? StartMilliseconds { get; init; }

    /// <summary>Working set of the server right after that.</summary>
    public double? IdleMegabytes { get; init; }

    public IReadOnlyList<RowResult> Rows { get; init; } = [];
}

/// <summary>Completes the rows of the server with their share of the floor.</summary>
internal static class Shares
{
    public static IReadOnlyList<RowResult> OfFloor(IReadOnlyList<RowResult> rows)
    {
        var floors = rows.Where(r => r.IsFloor).GroupBy(r => r.Key).ToDictionary(g => g.Key, g => g.Average(r => r.CompletedPerSecond));
        return [.. rows.Select(r => r.IsFloor ? r : r with { ShareOfFloor = r.CompletedPerSecond / floors[r.Key] })];
    }
}

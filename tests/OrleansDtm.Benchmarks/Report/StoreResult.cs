using OrleansDtm.Benchmarks.Load;

namespace OrleansDtm.Benchmarks.Report;

/// <summary>All rows measured with one store.</summary>
internal sealed record StoreResult(string Store)
{
    /// <summary>
    /// From the start of the process to its first answer; null for a server that was running already.
    /// </summary>
    public double? StartMilliseconds { get; init; }

    /// <summary>Working set of the server right after that.</summary>
    public double? IdleMegabytes { get; init; }

    public IReadOnlyList<RowResult> Rows { get; init; } = [];
}

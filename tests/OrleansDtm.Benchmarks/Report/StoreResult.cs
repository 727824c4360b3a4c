using OrleansDtm.Benchmarks.Load;

namespace OrleansDtm.Benchmarks.Report;

/// <summary>All rows of one store.</summary>
internal sealed record StoreResult(string Store)
{
    /// <summary>
    /// The time from the start of the process to its first response; null = the server was already running.
    /// </summary>
    public double? StartMilliseconds { get; init; }

    /// <summary>The server's working set at that time.</summary>
    public double? IdleMegabytes { get; init; }

    public IReadOnlyList<RowResult> Rows { get; init; } = [];
}

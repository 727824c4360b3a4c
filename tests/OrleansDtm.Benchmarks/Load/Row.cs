namespace OrleansDtm.Benchmarks.Load;

/// <summary>The load of one row and its target.</summary>
/// <param name="Label">The text of the first column.</param>
/// <param name="Server">The server's address.</param>
/// <param name="ServerPid">The server's process; null = unknown.</param>
/// <param name="Scenario">The work of each client.</param>
/// <param name="Clients">The number of clients.</param>
internal sealed record RowPlan(string Label, Uri Server, int? ServerPid, Scenario Scenario, int Clients)
{
    public bool IsFloor { get; init; }
}

/// <summary>
/// The CPU cores that each process used in the measured seconds. Others are all other processes of the machine, a
/// source of noise.
/// </summary>
internal sealed record Cores(double? Server, double? Branch, double? Load, double? Others);

/// <summary>The measurements of one row, in one turn or in all.</summary>
internal sealed record RowResult(string Label, bool IsFloor, int Clients)
{
    /// <summary>The transactions that ended per second.</summary>
    public double CompletedPerSecond { get; init; }

    /// <summary>
    /// The submits answered per second. Equal to <see cref="CompletedPerSecond"/> if the submit waits.
    /// </summary>
    public double AcceptedPerSecond { get; init; }

    /// <summary>The slowest turn.</summary>
    public double LeastPerSecond { get; init; }

    /// <summary>The fastest turn.</summary>
    public double MostPerSecond { get; init; }

    /// <summary>
    /// The share of the mean of the floor before and after it, as the median of all turns; null for a floor row.
    /// </summary>
    public double? ShareOfFloor { get; init; }

    /// <summary>The share of each turn, in order.</summary>
    public IReadOnlyList<double> Shares { get; init; } = [];

    public double P50 { get; init; }

    public double P95 { get; init; }

    public double P99 { get; init; }

    public required Cores Cores { get; init; }

    /// <summary>The CPU time of the server for a completed transaction, in microseconds; null = unknown.</summary>
    public double? ServerMicroseconds => Cores.Server / CompletedPerSecond * 1e6;

    /// <summary>The KiB that the server allocated for a completed transaction; null = it does not tell.</summary>
    public double? AllocatedKib { get; init; }

    /// <summary>The server's working set after the row.</summary>
    public double? ServerMegabytes { get; init; }

    /// <summary>
    /// The seconds from the end of the load until all transactions have ended; null if the submit waits.
    /// </summary>
    public double? DrainSeconds { get; init; }

    public long Errors { get; init; }

    /// <summary>The reasons why the row is doubtful; empty = none.</summary>
    public IReadOnlyList<string> Complaints { get; init; } = [];
}

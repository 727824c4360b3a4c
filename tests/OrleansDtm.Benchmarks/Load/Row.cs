namespace OrleansDtm.Benchmarks.Load;

/// <summary>The load of one row and where it goes.</summary>
/// <param name="Label">First column.</param>
/// <param name="Server">The server asked.</param>
/// <param name="ServerPid">Its process, if known.</param>
/// <param name="Scenario">What each client does.</param>
/// <param name="Clients">How many clients.</param>
internal sealed record RowPlan(string Label, Uri Server, int? ServerPid, Scenario Scenario, int Clients)
{
    public bool IsFloor { get; init; }
}

/// <summary>
/// CPU cores each process used over the measured seconds; the others are what else ran on the machine, so a source of
/// noise.
/// </summary>
internal sealed record Cores(double? Server, double? Branch, double? Load, double? Others);

/// <summary>What one row measured, in one turn or in all.</summary>
internal sealed record RowResult(string Label, bool IsFloor, int Clients)
{
    /// <summary>Transactions finished each second.</summary>
    public double CompletedPerSecond { get; init; }

    /// <summary>Submits answered each second; equal to the above where the submit waits.</summary>
    public double AcceptedPerSecond { get; init; }

    /// <summary>The slowest turn.</summary>
    public double LeastPerSecond { get; init; }

    /// <summary>The fastest turn.</summary>
    public double MostPerSecond { get; init; }

    /// <summary>Against the floor before and after it, the median of all turns; null for a floor row.</summary>
    public double? ShareOfFloor { get; init; }

    /// <summary>The share of each turn, in order.</summary>
    public IReadOnlyList<double> Shares { get; init; } = [];

    public double P50 { get; init; }

    public double P95 { get; init; }

    public double P99 { get; init; }

    public required Cores Cores { get; init; }

    /// <summary>Working set of the server after the row.</summary>
    public double? ServerMegabytes { get; init; }

    /// <summary>
    /// Seconds from the end of the load until no transaction was left unfinished; null where the submit waits.
    /// </summary>
    public double? DrainSeconds { get; init; }

    public long Errors { get; init; }

    /// <summary>What makes the row doubtful, in words; empty = nothing.</summary>
    public IReadOnlyList<string> Complaints { get; init; } = [];
}

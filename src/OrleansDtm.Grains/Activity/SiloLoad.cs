using OrleansDtm.Grains.Hosting;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Grains.Running;

namespace OrleansDtm.Grains.Activity;

/// <summary>What a silo carries at one moment.</summary>
[GenerateSerializer]
[Alias("dtm.silo-load")]
public sealed record SiloLoad
{
    /// <summary>Branch calls in flight.</summary>
    [Id(0)]
    public required int CallsInFlight { get; init; }

    /// <summary>Branch calls that wait for a call slot.</summary>
    [Id(1)]
    public required int CallsWaiting { get; init; }

    /// <summary>The estimated size of the transactions in memory, in bytes.</summary>
    [Id(2)]
    public required long LiveBytes { get; init; }

    /// <summary>
    /// Seconds by which the oldest due transaction was overdue in the last sweep of this silo's shards; 0 = none was
    /// due, null = the silo sweeps no shard.
    /// </summary>
    [Id(3)]
    public double? SweepLag { get; init; }

    /// <summary>
    /// Seconds by which the machine's clock is behind the database's; null = unknown, or the database has no clock of
    /// its own.
    /// </summary>
    [Id(4)]
    public double? ClockBehind { get; init; }

    /// <summary>Open connections of clients; null = unknown.</summary>
    [Id(5)]
    public int? ClientConnections { get; init; }

    /// <summary>
    /// Database connections of the pools in use, without those of writers; null = unknown, or the database is a file.
    /// </summary>
    [Id(6)]
    public int? StoreConnections { get; init; }
}

/// <summary>The connections of this process.</summary>
public interface IConnectionCounts
{
    /// <summary>Open connections of clients; null = unknown.</summary>
    int? Clients { get; }

    /// <summary>Database connections of the pools in use, without those of writers; null = unknown.</summary>
    int? Store { get; }
}

/// <summary>Reads this silo's <see cref="SiloLoad"/>.</summary>
public interface ISiloLoad
{
    SiloLoad Read();
}

internal sealed class SiloLoadReader(
    BranchMetrics branches,
    LiveMemory memory,
    SweepMetrics sweeps,
    ClockKeeper clock,
    IConnectionCounts? connections = null) : ISiloLoad
{
    public SiloLoad Read()
    {
        var (inFlight, waiting) = branches.Now();
        return new SiloLoad
        {
            CallsInFlight = inFlight,
            CallsWaiting = waiting,
            LiveBytes = memory.Bytes,
            SweepLag = sweeps.Lag?.TotalSeconds,
            ClockBehind = clock.MachineIsBehind?.TotalSeconds,
            ClientConnections = connections?.Clients,
            StoreConnections = connections?.Store,
        };
    }
}

using OrleansDtm.Core;
using OrleansDtm.Grains.Activity;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Admin;

/// <summary>The overview page. Times are UTC.</summary>
internal sealed class OverviewView
{
    public required DateTime Now { get; init; }

    public required string Version { get; init; }

    /// <summary>Local, AdoNet or Kubernetes.</summary>
    public required string ClusterMode { get; init; }

    /// <summary>Description without passwords.</summary>
    public required string Store { get; init; }

    public required int SlotSeconds { get; init; }

    public required int SlotsMax { get; init; }

    /// <summary>Of all silos that answered, oldest first, without empty slots.</summary>
    public required IReadOnlyList<SlotView> Slots { get; init; }

    public required LatenciesView Latencies { get; init; }

    public required IReadOnlyList<ServiceView> Services { get; init; }

    public required IReadOnlyList<SiloView> Silos { get; init; }

    public required UnfinishedView Unfinished { get; init; }

    public required WaitingCountsView Waiting { get; init; }
}

internal sealed class SlotView
{
    /// <summary>Unix time in seconds.</summary>
    public required long Start { get; init; }

    public required long Succeeded { get; init; }

    public required long Failed { get; init; }

    public required long CallsAnswered { get; init; }

    public required long CallsFailed { get; init; }

    public required long Requests { get; init; }

    public required long RequestsFailed { get; init; }

    public static SlotView Of(ActivitySlot slot) => new()
    {
        Start = slot.Start,
        Succeeded = slot.Succeeded,
        Failed = slot.Failed,
        CallsAnswered = slot.CallsAnswered,
        CallsFailed = slot.CallsFailed,
        Requests = slot.Requests,
        RequestsFailed = slot.RequestsFailed,
    };
}

/// <summary>Of the last five minutes.</summary>
internal sealed class LatenciesView
{
    public required LatencyView Transactions { get; init; }

    public required LatencyView Calls { get; init; }

    public required LatencyView Requests { get; init; }
}

/// <summary>Milliseconds; null when there is no measurement.</summary>
internal sealed class LatencyView
{
    public required long Count { get; init; }

    public double? P50 { get; init; }

    public double? P95 { get; init; }

    public double? P99 { get; init; }

    public static LatencyView Of(long[] counts) => new()
    {
        Count = counts.Sum(),
        P50 = Milliseconds(counts, 0.5),
        P95 = Milliseconds(counts, 0.95),
        P99 = Milliseconds(counts, 0.99),
    };

    private static double? Milliseconds(long[] counts, double share) =>
        DurationBuckets.Percentile(counts, share)?.TotalMilliseconds;
}

/// <summary>A branch service with failures in the last minutes, or with transactions that wait for it.</summary>
internal sealed class ServiceView
{
    public required string Service { get; init; }

    public required long Errors { get; init; }

    public required long Refusals { get; init; }

    /// <summary>Errors and refusals of each of the last ten minutes, oldest first; empty = there were none.</summary>
    public required IReadOnlyList<long> Minutes { get; init; }

    /// <summary>Of the last failure; null = none in the last minutes.</summary>
    public DateTime? LastTime { get; init; }

    public string? LastError { get; init; }

    public string? LastGid { get; init; }

    /// <summary>The last answer SUCCESS or ONGOING since the start of the silos; null = none is known.</summary>
    public DateTime? LastGood { get; init; }

    /// <summary>The silos that limit the calls, because the last one got no answer.</summary>
    public required int SilentSilos { get; init; }

    /// <summary>Calls in flight, or waiting for a call slot.</summary>
    public required int Open { get; init; }

    /// <summary>Unfinished transactions with a call that did not succeed.</summary>
    public required int Waiting { get; init; }

    /// <summary>Those of them whose call is put aside.</summary>
    public required int Parked { get; init; }

    /// <summary>The most attempts of one of these calls.</summary>
    public required int Attempts { get; init; }

    /// <summary>When the longest-standing of these calls began to fail; null = unknown, or there is none.</summary>
    public DateTime? Since { get; init; }

    public static ServiceView Of(
        string name,
        IReadOnlyList<ServiceFailures> failures,
        IReadOnlyList<HostActivity> hosts,
        WaitingServiceView? waiting)
    {
        var last = failures.MaxBy(static f => f.LastAt);
        return new ServiceView
        {
            Service = name,
            Errors = failures.Sum(static f => f.Errors),
            Refusals = failures.Sum(static f => f.Refusals),
            Minutes = Sums.Of(failures.Select(static f => f.Minutes).OfType<long[]>()),
            LastTime = last?.LastAt.UtcDateTime,
            LastError = last?.LastError,
            LastGid = last?.LastGid,
            LastGood = hosts.Max(static h => h.LastGoodAt)?.UtcDateTime,
            SilentSilos = hosts.Count(static h => h.IsSilent),
            Open = hosts.Sum(static h => h.Open),
            Waiting = waiting?.Waiting ?? 0,
            Parked = waiting?.Parked ?? 0,
            Attempts = waiting?.Attempts ?? 0,
            Since = waiting?.Since,
        };
    }
}

internal sealed class SiloView
{
    public required string Address { get; init; }

    public required string Name { get; init; }

    /// <summary>Orleans' name: Active, Joining, ShuttingDown, Dead, ...</summary>
    public required string Status { get; init; }

    /// <summary>Whether this silo serves the page.</summary>
    public required bool IsHere { get; init; }

    /// <summary>Null, with the other two, when the silo did not answer; the sums do not include it.</summary>
    public string? Version { get; init; }

    public DateTime? Started { get; init; }

    public long? Memory { get; init; }

    /// <summary>Finished transactions in a second, of the last half minute.</summary>
    public double? Rate { get; init; }

    /// <summary>Null = the silo did not answer, or is of an earlier version.</summary>
    public SiloLoad? Load { get; init; }
}

/// <summary>Unfinished transactions in the store.</summary>
internal sealed class UnfinishedView
{
    public required IReadOnlyList<UnfinishedCountView> Counts { get; init; }

    /// <summary>Empty when there are too many to read.</summary>
    public required IReadOnlyList<AgeView> Ages { get; init; }

    /// <summary>Why the counts are unknown; null when they are known.</summary>
    public string? Problem { get; init; }
}

internal sealed class UnfinishedCountView
{
    public required string Type { get; init; }

    public required string Status { get; init; }

    public required long Count { get; init; }

    public required long Overdue { get; init; }

    public static UnfinishedCountView Of(UnfinishedCount count) => new()
    {
        Type = Names.Of(count.Type),
        Status = Names.Of(count.Status),
        Count = count.Count,
        Overdue = count.Overdue,
    };
}

/// <summary>Transactions at least this old and younger than the next age.</summary>
internal sealed class AgeView
{
    public required long FromSeconds { get; init; }

    public required long Count { get; init; }
}

/// <summary>Adds up counts of several silos.</summary>
internal static class Sums
{
    /// <summary>The sum at each place; as long as the longest, empty if there are no counts.</summary>
    public static long[] Of(IEnumerable<long[]> counts)
    {
        long[] sum = [];
        foreach (var of in counts)
        {
            Array.Resize(ref sum, Math.Max(sum.Length, of.Length));
            for (var i = 0; i < of.Length; i++)
            {
                sum[i] += of[i];
            }
        }

        return sum;
    }
}

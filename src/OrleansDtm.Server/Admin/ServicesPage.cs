using OrleansDtm.Grains.Activity;

namespace OrleansDtm.Server.Admin;

/// <summary>The branch calls to each host, of all silos, for the page of topics.</summary>
internal sealed class ServicesPage(SiloReports silos, TimeProvider clock)
{
    public async Task<ServicesView> Read(CancellationToken cancellationToken)
    {
        var (reports, count) = await silos.Read(cancellationToken);
        var failures = reports.SelectMany(static r => r.Services)
            .GroupBy(static s => s.Service, StringComparer.Ordinal)
            .ToDictionary(static s => s.Key, static s => s.ToList(), StringComparer.Ordinal);
        return new ServicesView
        {
            Now = clock.GetUtcNow().UtcDateTime,
            Silos = reports.Count,
            SilosTotal = count,
            Hosts =
            [
                .. reports.SelectMany(static r => r.Hosts ?? [])
                    .GroupBy(static h => h.Host, StringComparer.Ordinal)
                    .OrderBy(static h => h.Key, StringComparer.Ordinal)
                    .Select(h => HostView.Of([.. h], failures.GetValueOrDefault(h.Key) ?? [])),
            ],
        };
    }
}

internal sealed class ServicesView
{
    public required DateTime Now { get; init; }

    /// <summary>Silos that answered.</summary>
    public required int Silos { get; init; }

    public required int SilosTotal { get; init; }

    public required IReadOnlyList<HostView> Hosts { get; init; }
}

/// <summary>Calls of all transactions to a host since the start of each silo.</summary>
internal sealed class HostView
{
    public required string Host { get; init; }

    public required long Succeeded { get; init; }

    public required long Ongoing { get; init; }

    public required long Failed { get; init; }

    public required long Errors { get; init; }

    /// <summary>In flight, or waiting for a call slot.</summary>
    public required int Open { get; init; }

    /// <summary>Errors and refusals of the last ten minutes.</summary>
    public required long RecentFailures { get; init; }

    /// <summary>Of the last failure within ten minutes; null = there was none.</summary>
    public string? LastError { get; init; }

    public string? LastGid { get; init; }

    public DateTime? LastTime { get; init; }

    public static HostView Of(IReadOnlyList<HostActivity> hosts, IReadOnlyList<ServiceFailures> failures)
    {
        var last = failures.MaxBy(static f => f.LastAt);
        return new HostView
        {
            Host = hosts[0].Host,
            Succeeded = hosts.Sum(static h => h.Succeeded),
            Ongoing = hosts.Sum(static h => h.Ongoing),
            Failed = hosts.Sum(static h => h.Failed),
            Errors = hosts.Sum(static h => h.Errors),
            Open = hosts.Sum(static h => h.Open),
            RecentFailures = failures.Sum(static f => f.Errors + f.Refusals),
            LastError = last?.LastError,
            LastGid = last?.LastGid,
            LastTime = last?.LastAt.UtcDateTime,
        };
    }
}

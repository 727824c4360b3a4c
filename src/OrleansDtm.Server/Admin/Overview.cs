using OrleansDtm.Grains.Activity;
using OrleansDtm.Server.Apis;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Hosting;
using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Admin;

/// <summary>
/// The overview: recent activity of all silos, the silos, and the unfinished transactions in the store.
/// </summary>
internal sealed class Overview(
    IClusterMembershipService membership,
    ILocalSiloDetails here,
    ActivityClient activity,
    ActivityWindow window,
    UnfinishedSummary unfinished,
    WaitingSummary waiting,
    CoordinatorOptions options,
    TimeProvider clock)
{
    /// <summary>How many dead silos are listed, the latest first.</summary>
    private const int GoneMax = 5;

    /// <summary>How many failing services are listed.</summary>
    private const int ServicesMax = 50;

    /// <summary>The rate of a silo is that of so many full slots.</summary>
    private const int RateSlots = 6;

    /// <summary>
    /// The failing services and the reasons for waiting are those of the request's namespace. A caller that is bound to
    /// one does not see the counts of all.
    /// </summary>
    public async Task<OverviewView> Read(HttpContext context, CancellationToken cancellationToken)
    {
        var view = await Read(RequestNamespace.Of(context), cancellationToken);
        return RequestNamespace.IsBound(context) ? Reduced(view) : view;
    }

    private async Task<OverviewView> Read(string space, CancellationToken cancellationToken)
    {
        var members = membership.CurrentSnapshot.Members.Values.ToArray();
        var unfinishedNow = unfinished.Read(cancellationToken);
        var waitingNow = waiting.Read(space, cancellationToken);
        var silos = await Task.WhenAll(Shown(members).Select(member => Ask(member, cancellationToken)));
        var reports = silos.Select(static s => s.Report).OfType<ActivityReport>().ToArray();
        return new OverviewView
        {
            Now = clock.GetUtcNow().UtcDateTime,
            Version = HttpApi.Version,
            ClusterMode = options.Cluster.Mode,
            Store = StoreFactory.Describe(options.Store),
            SlotSeconds = ActivityWindow.SlotSeconds,
            SlotsMax = ActivityWindow.SlotsMax,
            Slots = Slots(reports),
            Latencies = new LatenciesView
            {
                Transactions = LatencyView.Of(Sums.Of(reports.Select(static r => r.Transactions))),
                Calls = LatencyView.Of(Sums.Of(reports.Select(static r => r.Calls))),
                Requests = LatencyView.Of(Sums.Of(reports.Select(static r => r.Requests))),
            },
            Services = Services(reports, space, await waitingNow),
            Silos = [.. silos.Select(static s => s.View)],
            Unfinished = await unfinishedNow,
            Waiting = await waitingNow,
        };
    }

    private async Task<(SiloView View, ActivityReport? Report)> Ask(
        ClusterMember member, CancellationToken cancellationToken)
    {
        var isHere = member.SiloAddress.Equals(here.SiloAddress);
        var report = isHere ? window.Read()
            : member.Status == SiloStatus.Active ? await activity.Read(member.SiloAddress, cancellationToken)
            : null;
        return (
            new SiloView
            {
                Address = member.SiloAddress.Endpoint.ToString(),
                Name = member.Name,
                Status = member.Status.ToString(),
                IsHere = isHere,
                Version = report?.Version,
                Started = report?.Started.UtcDateTime,
                Memory = report?.Memory,
                Rate = report is null ? null : RateOf(report),
                Load = report?.Load,
            },
            report);
    }

    private static OverviewView Reduced(OverviewView view) => new()
    {
        Now = view.Now,
        Version = view.Version,
        ClusterMode = view.ClusterMode,
        Store = "",
        SlotSeconds = view.SlotSeconds,
        SlotsMax = view.SlotsMax,
        Slots = [],
        Latencies = new LatenciesView
        {
            Transactions = LatencyView.Of([]),
            Calls = LatencyView.Of([]),
            Requests = LatencyView.Of([]),
        },
        Services = view.Services,
        Waiting = view.Waiting,
        Silos = [],
        Unfinished = new UnfinishedView
        {
            Counts = [],
            Ages = [],
            Problem = "Only callers that are not bound to a namespace see the cluster.",
        },
    };

    private static IEnumerable<ClusterMember> Shown(ClusterMember[] members) =>
    [
        .. members.Where(static m => m.Status != SiloStatus.Dead).OrderBy(static m => m.Name, StringComparer.Ordinal),
        .. members.Where(static m => m.Status == SiloStatus.Dead)
            .OrderByDescending(static m => m.SiloAddress.Generation)
            .Take(GoneMax),
    ];

    private static IReadOnlyList<SlotView> Slots(ActivityReport[] reports) =>
    [
        .. reports.SelectMany(static r => r.Slots)
            .GroupBy(static s => s.Start)
            .OrderBy(static g => g.Key)
            .Select(static g => SlotView.Of(g.Aggregate(static (left, right) => left + right))),
    ];

    /// <summary>Services with failures in the last minutes, or with calls that did not succeed.</summary>
    private static IReadOnlyList<ServiceView> Services(
        ActivityReport[] reports, string space, WaitingCountsView waiting)
    {
        var failures = reports.SelectMany(static r => r.Services)
            .Where(s => (s.Namespace ?? "") == space)
            .ToLookup(static s => s.Service, StringComparer.Ordinal);
        var hosts = reports.SelectMany(static r => r.Hosts ?? [])
            .ToLookup(static h => h.Host, StringComparer.Ordinal);
        var waits = waiting.Services.ToDictionary(static s => s.Service, StringComparer.Ordinal);
        return
        [
            .. failures.Select(static f => f.Key).Union(waits.Keys)
                .Select(name => ServiceView.Of(
                    name, [.. failures[name]], [.. hosts[name]], waits.GetValueOrDefault(name)))
                .OrderByDescending(static s => s.Waiting)
                .ThenByDescending(static s => s.Errors + s.Refusals)
                .Take(ServicesMax),
        ];
    }

    /// <summary>Transactions that a silo finished in a second, without the current slot.</summary>
    private double RateOf(ActivityReport report)
    {
        var present = clock.GetUtcNow().ToUnixTimeSeconds() / ActivityWindow.SlotSeconds * ActivityWindow.SlotSeconds;
        var from = present - (RateSlots * ActivityWindow.SlotSeconds);
        return report.Slots.Where(s => s.Start >= from && s.Start < present).Sum(static s => s.Succeeded + s.Failed)
            / (double)(RateSlots * ActivityWindow.SlotSeconds);
    }
}

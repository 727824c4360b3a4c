using OrleansDtm.Grains.Activity;

namespace OrleansDtm.Server.Admin;

/// <summary>The recent activity of all active silos.</summary>
internal sealed class SiloReports(
    IClusterMembershipService membership, ILocalSiloDetails here, ActivityClient activity, ActivityWindow window)
{
    /// <returns>The reports of the silos that answered, and the number of active silos.</returns>
    public async Task<(IReadOnlyList<ActivityReport> Reports, int Silos)> Read(CancellationToken cancellationToken)
    {
        var others = membership.CurrentSnapshot.Members.Values
            .Where(m => m.Status == SiloStatus.Active && !m.SiloAddress.Equals(here.SiloAddress))
            .ToArray();
        var reports = await Task.WhenAll(others.Select(m => activity.Read(m.SiloAddress, cancellationToken)));
        return ([window.Read(), .. reports.OfType<ActivityReport>()], others.Length + 1);
    }
}

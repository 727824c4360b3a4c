using OrleansDtm.Grains.Hosting;

namespace OrleansDtm.Grains.Recovery;

/// <summary>Processes that are known to be dead, by the number under which they owned calls.</summary>
internal sealed class GoneOwners(IClusterMembershipService membership)
{
    private readonly Lock _gate = new();
    private MembershipVersion _version = MembershipVersion.MinValue;
    private long[] _gone = [];

    /// <summary>
    /// Those the membership calls dead, the youngest first. A silo it does not know may be one that has just joined: its calls are left to their lease.
    /// </summary>
    public IReadOnlyList<long> Current()
    {
        var snapshot = membership.CurrentSnapshot;
        lock (_gate)
        {
            if (snapshot.Version != _version)
            {
                _version = snapshot.Version;
                _gone =
                [
                    .. snapshot.Members.Values
                        .Where(static member => member.Status == SiloStatus.Dead)
                        .OrderByDescending(static member => member.SiloAddress.Generation)
                        .Select(static member => ProcessIdentity.Of(member.SiloAddress)),
                ];
            }

            return _gone;
        }
    }
}

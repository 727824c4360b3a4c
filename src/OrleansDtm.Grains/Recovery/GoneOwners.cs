using OrleansDtm.Grains.Hosting;

namespace OrleansDtm.Grains.Recovery;

/// <summary>Returns the owner numbers of processes that are known to be dead.</summary>
internal sealed class GoneOwners(IClusterMembershipService membership)
{
    private readonly Lock _gate = new();
    private MembershipVersion _version = MembershipVersion.MinValue;
    private long[] _gone = [];

    /// <summary>
    /// Returns the silos that the membership table lists as dead, the latest first. An unknown silo may have just
    /// joined, so its calls keep their lease.
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

using Orleans.Metadata;

namespace OrleansDtm.Grains.Running;

/// <summary>
/// Which silo a transaction lives on: of the active silos that host the coordinator, the one whose hash with the gid is the highest
/// (rendezvous hashing). Silos that see the same members agree without a word; when one comes or goes only the transactions change
/// sides that are to live on it, or lived there. Where two silos see different members for a moment, a gid may be active twice: the
/// version in its row lets one of them win, and what is unfinished is resumed by the sweep.
/// </summary>
public sealed class TransactionOwners(
    ILocalSiloDetails local, IClusterMembershipService membership, IClusterManifestProvider manifests, GrainType type)
{
    private volatile View _view = new(null, null, []);

    /// <summary>The type of the grains meant.</summary>
    public GrainType Type => type;

    /// <summary>The silo of a transaction; this one while it sees no other.</summary>
    /// <param name="transaction">The id of its grain.</param>
    public SiloAddress Of(GrainId transaction)
    {
        var silos = Current().Silos;
        return silos.Length switch
        {
            0 => local.SiloAddress,
            1 => silos[0].Address,
            _ => Highest(silos, transaction.GetUniformHashCode()),
        };
    }

    /// <summary>Requests for this transaction come to this silo.</summary>
    /// <param name="transaction">The id of its grain.</param>
    public bool IsHere(GrainId transaction) => Of(transaction).Equals(local.SiloAddress);

    /// <summary>Requests for this transaction come to this silo.</summary>
    /// <param name="gid">Its gid.</param>
    public bool IsHere(string gid) => Current().Silos switch
    {
        [] => true,
        [var only] => only.Address.Equals(local.SiloAddress), // The usual case costs no grain id.
        _ => IsHere(GrainId.Create(type, gid)),
    };

    /// <summary>
    /// How much a silo wants a transaction. Silos of every version must agree on it: it never changes.
    /// </summary>
    /// <param name="gid">The uniform hash of the grain's id.</param>
    /// <param name="silo">The consistent hash of the silo's address.</param>
    internal static ulong Claim(uint gid, int silo)
    {
        // The mixer of SplitMix64: each bit of the result depends on each of both hashes.
        var x = ((ulong)gid << 32) | (uint)silo;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    private static SiloAddress Highest(Member[] silos, uint gid)
    {
        var best = silos[0];
        var most = Claim(gid, best.Hash);
        for (var i = 1; i < silos.Length; i++)
        {
            // The members are sorted: of two with the same claim every silo takes the same one.
            if (Claim(gid, silos[i].Hash) is var claim && claim > most)
            {
                (best, most) = (silos[i], claim);
            }
        }

        return best.Address;
    }

    private View Current()
    {
        var view = _view;
        var members = membership.CurrentSnapshot;
        var manifest = manifests.Current;
        return ReferenceEquals(view.Members, members) && ReferenceEquals(view.Manifest, manifest)
            ? view
            : _view = new View(members, manifest, [.. Hosts(members, manifest).Order().Select(static silo => new Member(silo, silo.GetConsistentHashCode()))]);
    }

    private IEnumerable<SiloAddress> Hosts(ClusterMembershipSnapshot members, ClusterManifest manifest) =>
        from member in members.Members.Values
        where member.Status == SiloStatus.Active
            && manifest.Silos.TryGetValue(member.SiloAddress, out var hosted)
            && hosted.Grains.ContainsKey(type)
        select member.SiloAddress;

    private readonly record struct Member(SiloAddress Address, int Hash);

    private sealed record View(ClusterMembershipSnapshot? Members, ClusterManifest? Manifest, Member[] Silos);
}

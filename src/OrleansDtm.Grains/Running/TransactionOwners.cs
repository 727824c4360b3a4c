using Orleans.Metadata;

namespace OrleansDtm.Grains.Running;

/// <summary>
/// Computes the silo of a transaction by rendezvous hashing: of the active silos that host the coordinator, the one
/// with the highest hash with the gid. Silos with the same membership view agree without messages. When a silo joins or
/// leaves, only its own transactions move. While two silos have different views, a gid may be active twice: the version
/// in the row then lets one write win, and the sweep resumes unfinished work.
/// </summary>
public sealed class TransactionOwners(
    ILocalSiloDetails local, IClusterMembershipService membership, IClusterManifestProvider manifests, GrainType type)
{
    private volatile View _view = new(null, null, []);

    /// <summary>The grain type of transactions.</summary>
    public GrainType Type => type;

    /// <summary>Returns the silo of a transaction; this silo if it knows no other.</summary>
    /// <param name="transaction">The grain id of the transaction.</param>
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

    /// <summary>Returns true if the transaction is placed on this silo.</summary>
    /// <param name="transaction">The grain id of the transaction.</param>
    public bool IsHere(GrainId transaction) => Of(transaction).Equals(local.SiloAddress);

    /// <summary>Returns true if the transaction is placed on this silo.</summary>
    /// <param name="gid">The gid.</param>
    public bool IsHere(string gid) => Current().Silos switch
    {
        [] => true,
        [var only] => only.Address.Equals(local.SiloAddress), // A single silo needs no grain id.
        _ => IsHere(GrainId.Create(type, gid)),
    };

    /// <summary>Returns true if the silo is known to host no coordinator.</summary>
    /// <param name="silo">A silo of the cluster.</param>
    public bool IsOther(SiloAddress silo) =>
        manifests.Current.Silos.TryGetValue(silo, out var hosted) && !hosted.Grains.ContainsKey(type);

    /// <summary>
    /// Returns the weight of a silo for a transaction. It must never change, because silos of all versions must agree.
    /// </summary>
    /// <param name="gid">The uniform hash of the grain id.</param>
    /// <param name="silo">The consistent hash of the silo's address.</param>
    internal static ulong Claim(uint gid, int silo)
    {
        // The mixer of SplitMix64: each bit of the result depends on all bits of both hashes.
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
            // Members are sorted, so every silo chooses the same one of two equal weights.
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
            : _view = new View(members, manifest, [.. Hosts(members, manifest)
                .Order()
                .Select(static silo => new Member(silo, silo.GetConsistentHashCode()))]);
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

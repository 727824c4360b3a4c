using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Orleans.Metadata;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Running;
using OrleansDtm.Invokers;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Cluster.Tests.Silos;

/// <summary>The placement of transactions on silos. All silos must agree, whatever version they run.</summary>
public sealed class OwnerTests
{
    private static readonly GrainType Transactions = GrainType.Create("transaction");

    [Theory]
    [InlineData(0u, 0, 0ul)]
    [InlineData(1u, 0, 15573649723082471743ul)]
    [InlineData(0u, 1, 6238072747940578789ul)]
    [InlineData(0xdeadbeefu, -1, 14059459236764239827ul)]
    [InlineData(123456789u, 987654321, 5431027084791373980ul)]
    public void The_claim_of_a_silo_is_the_same_in_every_version(uint gid, int silo, ulong claim) =>
        Assert.Equal(claim, TransactionOwners.Claim(gid, silo));

    [Fact]
    public void Every_silo_sees_the_same_owners_and_has_its_share()
    {
        var silos = Silos(1, 2, 3);
        var here = Owners(silos[0], silos);
        var there = Owners(silos[2], silos);

        var owned = Grains().GroupBy(here.Of).ToDictionary(static g => g.Key, static g => g.Count());

        Assert.All(Grains(), grain => Assert.Equal(here.Of(grain), there.Of(grain)));
        Assert.All(silos, silo => Assert.InRange(owned[silo], 250, 420)); // of 1000, about a third each
    }

    [Fact]
    public void When_a_silo_goes_only_its_own_transactions_move()
    {
        var silos = Silos(1, 2, 3);
        var before = Owners(silos[0], silos);
        var after = Owners(silos[0], silos[..2]);

        Assert.All(
            Grains(),
            grain => Assert.True(before.Of(grain).Equals(silos[2]) || before.Of(grain).Equals(after.Of(grain))));
    }

    [Fact]
    public void Silos_that_leave_or_are_no_coordinators_own_nothing_and_a_silo_alone_owns_all()
    {
        var silos = Silos(1, 2, 3);
        var owners = Owners(silos[0], silos, leaving: silos[1], other: silos[2]);
        var nobody = Owners(silos[1], [], null, null);

        Assert.All(Grains(), grain => Assert.Equal(silos[0], owners.Of(grain)));
        Assert.All(Grains(), grain => Assert.Equal(silos[1], nobody.Of(grain)));
    }

    [Fact]
    public async Task A_gid_is_in_memory_once_whichever_silo_is_asked_and_the_gids_are_spread()
    {
        await using var store = new InMemoryTransactionStore();
        await using var fleet = await Fleet.Start(3, store, new Obliging());
        var gids = Enumerable.Range(0, 60).Select(static _ => SagaBody.NewGid()).ToList();

        // The client uses the gateways of all silos in turn.
        foreach (var gid in gids)
        {
            for (var i = 0; i < 3; i++)
            {
                Assert.Equal(ReplyKind.Ok, (await fleet.Grain(gid).Prepare(Fleet.Tcc)).Kind);
            }
        }

        var activations = await fleet.Activations();
        Assert.Equal(gids.Order(), activations.Select(static a => a.Gid).Where(gids.Contains).Order());
        Assert.Equal(3, activations.Select(static a => a.Silo).Distinct().Count());
    }

    private static SiloAddress[] Silos(params int[] ports) =>
        [.. ports.Select(static port => SiloAddress.New(IPAddress.Loopback, 11110 + port, 1000))];

    private static IEnumerable<GrainId> Grains() =>
        Enumerable.Range(0, 1000).Select(
            static n => GrainId.Create(Transactions, $"gid-{n.ToString(CultureInfo.InvariantCulture)}"));

    private static TransactionOwners Owners(
        SiloAddress local, SiloAddress[] silos, SiloAddress? leaving = null, SiloAddress? other = null)
    {
        var members = silos.Select(silo => new ClusterMember(
            silo, silo.Equals(leaving) ? SiloStatus.ShuttingDown : SiloStatus.Active, "silo"));
        var hosting = new GrainManifest(
            ImmutableDictionary<GrainType, GrainProperties>.Empty.Add(
                Transactions, new GrainProperties(ImmutableDictionary.Create<string, string>(StringComparer.Ordinal))),
            ImmutableDictionary<GrainInterfaceType, GrainInterfaceProperties>.Empty);
        var bare = new GrainManifest(
            ImmutableDictionary<GrainType, GrainProperties>.Empty,
            ImmutableDictionary<GrainInterfaceType, GrainInterfaceProperties>.Empty);
        return new TransactionOwners(
            new Local(local),
            new Membership(new ClusterMembershipSnapshot(
                members.ToImmutableDictionary(static m => m.SiloAddress), new MembershipVersion(1))),
            new Manifests(new ClusterManifest(
                new MajorMinorVersion(1, 0), silos.ToImmutableDictionary(
                    static silo => silo, silo => silo.Equals(other) ? bare : hosting))),
            Transactions);
    }

    private sealed record Local(SiloAddress SiloAddress) : ILocalSiloDetails
    {
        public string Name => "silo";

        public string ClusterId => "cluster";

        public string DnsHostName => "localhost";

        public SiloAddress GatewayAddress => SiloAddress;
    }

    private sealed record Membership(ClusterMembershipSnapshot CurrentSnapshot) : IClusterMembershipService
    {
        public IAsyncEnumerable<ClusterMembershipSnapshot> MembershipUpdates => throw new NotSupportedException();

        public ValueTask Refresh(
            MembershipVersion minimumVersion = default, CancellationToken cancellationToken = default) => default;

        public Task<bool> TryKill(SiloAddress siloAddress) => throw new NotSupportedException();
    }

    private sealed record Manifests(ClusterManifest Current) : IClusterManifestProvider
    {
        public IAsyncEnumerable<ClusterManifest> Updates => throw new NotSupportedException();

        public GrainManifest LocalGrainManifest => throw new NotSupportedException();
    }

    private sealed class Obliging : IBranchInvoker
    {
        public Task<Outcome> Invoke(BranchInvocation call, CancellationToken cancellationToken) =>
            Task.FromResult(Outcome.Succeeded);
    }
}

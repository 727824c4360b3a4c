using System.Net;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using OrleansClusterOptions = Orleans.Configuration.ClusterOptions;

namespace OrleansDtm.Server.Hosting;

/// <summary>
/// The silo's address. Of two silos with the same IP address and port, Orleans treats the one with the higher
/// generation as alive, and one whose generation is hours in the past as dead. A generation is a wall clock time: a
/// silo with a clock that is behind could not join. This generation is always above all previous ones.
/// </summary>
internal sealed class SuccessorDetails : ILocalSiloDetails
{
    private readonly Lazy<SiloAddress> _address;
    private readonly Lazy<SiloAddress?> _gateway;

    /// <param name="lastGeneration">Highest generation known in the cluster, 0 = none; requested once, with the
    /// address.</param>
    public SuccessorDetails(
        IOptions<SiloOptions> silo,
        IOptions<OrleansClusterOptions> cluster,
        IOptions<EndpointOptions> endpoints,
        Func<int> lastGeneration)
    {
        (Name, ClusterId) = (silo.Value.SiloName, cluster.Value.ClusterId);
        var at = endpoints.Value;
        _address = new Lazy<SiloAddress>(() =>
        {
            var place = new IPEndPoint(at.AdvertisedIPAddress, at.SiloPort);
            return SiloAddress.New(place, Math.Max(SiloAddress.AllocateNewGeneration(), lastGeneration() + 1));
        });
        _gateway = new Lazy<SiloAddress?>(
            () => at.GatewayPort == 0
                ? null
                : SiloAddress.New(new IPEndPoint(at.AdvertisedIPAddress, at.GatewayPort), SiloAddress.Generation));
    }

    public string Name { get; }

    public string ClusterId { get; }

    public string DnsHostName { get; } = Dns.GetHostName();

    public SiloAddress SiloAddress => _address.Value;

    // Null without a gateway: the interface predates nullable references.
    public SiloAddress GatewayAddress => _gateway.Value!;
}

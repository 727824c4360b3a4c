using System.Net;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using OrleansClusterOptions = Orleans.Configuration.ClusterOptions;

namespace OrleansDtm.Server.Hosting;

/// <summary>
/// Who this silo is. Of two silos on one address and port Orleans takes the one with the greater generation for the living one, and
/// one whose generation is hours below the present for dead. A generation is a moment of the wall clock: where that is behind, or has
/// been set back, a silo would be kept out until it has caught up. This one is always younger than all that have been there.
/// </summary>
internal sealed class SuccessorDetails : ILocalSiloDetails
{
    private readonly Lazy<SiloAddress> _address;
    private readonly Lazy<SiloAddress?> _gateway;

    /// <param name="lastGeneration">The greatest one that is known in the cluster, 0 = none; asked once, when the address is.</param>
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
            () => at.GatewayPort == 0 ? null : SiloAddress.New(new IPEndPoint(at.AdvertisedIPAddress, at.GatewayPort), SiloAddress.Generation));
    }

    public string Name { get; }

    public string ClusterId { get; }

    public string DnsHostName { get; } = Dns.GetHostName();

    public SiloAddress SiloAddress => _address.Value;

    public SiloAddress GatewayAddress => _gateway.Value!; // Null without one: the interface is from before nullable references.
}

using System.Net;

namespace OrleansDtm.Invokers;

/// <summary>Addresses that are not services, or that must not be called in the coordinator's name.</summary>
internal static class SpecialAddresses
{
    private static readonly (IPNetwork Network, string What)[] Never =
    [
        Of("169.254.0.0/16", "link-local, with cloud metadata"),
        Of("100.100.100.200/32", "a cloud's metadata"),
        Of("168.63.129.16/32", "a cloud's metadata"),
        Of("192.0.0.0/24", "reserved, and a cloud's metadata"),
        Of("0.0.0.0/8", "unspecified"),
        Of("224.0.0.0/4", "multicast"),
        Of("240.0.0.0/4", "reserved or broadcast"),
        Of("fe80::/10", "link-local"),
        Of("fec0::/10", "site-local, deprecated"),
        Of("fd00:ec2::/32", "a cloud's metadata"),
        Of("fd20:ce::254/128", "a cloud's metadata"),
        Of("fd00:42::42/128", "a cloud's metadata"),
        Of("ff00::/8", "multicast"),
        Of("::/128", "unspecified"),
        // Where in it, only that network knows.
        Of("64:ff9b:1::/48", "an IPv4 address in the dress of IPv6 (NAT64 of a network of its own)"),
        Of("2001::/32", "an IPv4 address in the dress of IPv6 (Teredo)"),
        Of("::ffff:0:0:0/96", "an IPv4 address in the dress of IPv6 (IPv4-translated)"),
    ];

    /// <summary>NAT64 (RFC 6052): the last IPv4 address is the reached host.</summary>
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    /// <summary>
    /// 6to4 (RFC 3056): the IPv4 address after the first two bytes is a site's router; the host is behind it.
    /// </summary>
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");

    private static readonly IPNetwork Compatible = IPNetwork.Parse("::/96");

    private static readonly IPNetwork[] Private =
    [
        IPNetwork.Parse("127.0.0.0/8"),
        IPNetwork.Parse("10.0.0.0/8"),
        IPNetwork.Parse("172.16.0.0/12"),
        IPNetwork.Parse("192.168.0.0/16"),
        IPNetwork.Parse("100.64.0.0/10"),
        IPNetwork.Parse("::1/128"),
        IPNetwork.Parse("fc00::/7"),
    ];

    /// <summary>
    /// The other entries of the IANA special-purpose address registries (RFC 6890). Without 64:ff9b::/96 and 2002::/16,
    /// which are judged by the IPv4 address that they contain.
    /// </summary>
    private static readonly IPNetwork[] SpecialPurpose =
    [
        // Documentation, as are 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32, 3fff::/20.
        IPNetwork.Parse("192.0.2.0/24"),
        IPNetwork.Parse("192.31.196.0/24"), // AS112
        IPNetwork.Parse("192.52.193.0/24"), // AMT
        IPNetwork.Parse("192.88.99.0/24"), // 6to4 relays
        IPNetwork.Parse("192.175.48.0/24"), // AS112
        IPNetwork.Parse("198.18.0.0/15"), // Benchmarks
        IPNetwork.Parse("198.51.100.0/24"),
        IPNetwork.Parse("203.0.113.0/24"),
        IPNetwork.Parse("100::/64"), // Discard
        IPNetwork.Parse("100:0:0:1::/64"), // Dummy prefix
        IPNetwork.Parse("2001::/23"), // Protocols: benchmarks, AMT, AS112, ORCHID, drones
        IPNetwork.Parse("2001:db8::/32"),
        IPNetwork.Parse("2620:4f:8000::/48"), // AS112
        IPNetwork.Parse("3fff::/20"),
        IPNetwork.Parse("5f00::/16"), // Segment routing
    ];

    /// <summary>Why it is denied by default; null = it is not.</summary>
    public static string? WhyNever(IPAddress address)
    {
        foreach (var (network, what) in Never)
        {
            if (network.Contains(address))
            {
                return what;
            }
        }

        return Compatible.Contains(address) && !IPAddress.IPv6Loopback.Equals(address)
            ? "an IPv4 address in the dress of IPv6"
            : null;
    }

    /// <summary>The IPv4 address that an IPv6 address represents; itself if there is none.</summary>
    public static IPAddress Undress(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : Nat64.Contains(address) ? new IPAddress(address.GetAddressBytes().AsSpan(12, 4))
        : address;

    /// <summary>
    /// That, or the IPv4 router that gets the packets first; itself if there is none. A reason to deny, never to allow:
    /// any host of a 6to4 site is behind the router.
    /// </summary>
    public static IPAddress OnTheWay(IPAddress address) =>
        SixToFour.Contains(address) ? new IPAddress(address.GetAddressBytes().AsSpan(2, 4)) : Undress(address);

    /// <summary>Of this machine, of a private network, or of no network at all.</summary>
    public static bool IsPrivate(IPAddress address) =>
        Private.Any(network => network.Contains(address))
        || SpecialPurpose.Any(network => network.Contains(address))
        || OwnAddresses.Contain(address);

    private static (IPNetwork Network, string What) Of(string network, string what) => (IPNetwork.Parse(network), what);
}

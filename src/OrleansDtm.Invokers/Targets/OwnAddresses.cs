using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace OrleansDtm.Invokers;

/// <summary>The addresses of this machine's interfaces, public ones too.</summary>
internal static class OwnAddresses
{
    private const long LifetimeMilliseconds = 5_000;

    private static volatile Known? _known;

    public static bool Contain(IPAddress address) => Now().Contains(WithoutScope(address));

    private static HashSet<IPAddress> Now()
    {
        var now = Environment.TickCount64;
        if (_known is { } known && now - known.At < LifetimeMilliseconds)
        {
            return known.Addresses;
        }

        var found = Find() ?? _known?.Addresses ?? [];
        _known = new Known(found, now);
        return found;
    }

    private static HashSet<IPAddress>? Find()
    {
        try
        {
            return [.. NetworkInterface.GetAllNetworkInterfaces()
                .SelectMany(static one => one.GetIPProperties().UnicastAddresses)
                .Select(static one => WithoutScope(one.Address))];
        }
        catch (NetworkInformationException)
        {
            return null;
        }
    }

    /// <summary>
    /// The scope (%1) differs between the notations of an address; Linux ignores that of a global one.
    /// </summary>
    private static IPAddress WithoutScope(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 ? new IPAddress(address.GetAddressBytes()) : address;

    private sealed record Known(HashSet<IPAddress> Addresses, long At);
}

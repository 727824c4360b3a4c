using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Hosting;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Server.Checks;

/// <summary>Checks whether this process can listen on its ports.</summary>
internal static class PortChecks
{
    private const string SiloPort = "Cluster:SiloPort";
    private const string GatewayPort = "Cluster:GatewayPort";

    public static IEnumerable<Finding> Ports(CoordinatorOptions options)
    {
        var address = options.Bind switch
        {
            "localhost" => IPAddress.Loopback,
            "*" => IPAddress.Any,
            var text => IPAddress.TryParse(text, out var given) ? given : null,
        };
        if (address is null)
        {
            return [Finding.Problem($"Bind: '{options.Bind}' is not localhost, * or an IP address")];
        }

        List<(IPAddress Address, string Setting, int Port)> ports =
        [
            (address, "HttpPort", options.HttpPort),
            (address, "GrpcPort", options.GrpcPort),
        ];
        List<Finding> notes = [];
        if (options.Cluster.IsShared)
        {
            var silo = ClusterHosting.Places(options);
            ports.Add((silo.Listening, SiloPort, silo.SiloPort));
            ports.Add((silo.Listening, GatewayPort, silo.GatewayPort));
            if (silo.Advertised is not null && !IsOfThisMachine(silo.Advertised))
            {
                notes.Add(Finding.Note($"Cluster:AdvertisedAddress: {silo.Advertised} is not an address of this "
                    + "machine. Correct it, unless the network forwards it to this machine"));
            }
        }
        else
        {
            // A single silo listens on this machine only.
            ports.Add((IPAddress.Loopback, SiloPort, options.Cluster.SiloPort));
            ports.Add((IPAddress.Loopback, GatewayPort, options.Cluster.GatewayPort ?? 0));
        }

        var taken = ports.Where(static p => p.Port > 0).ToList();
        var twice = taken.GroupBy(static p => p.Port).Where(static same => same.Count() > 1)
            .Select(static same => Finding.Problem($"{string.Join(" and ", same.Select(static p => p.Setting))} are "
                + $"both {same.Key}: set one of them to another port"));
        return [.. taken.Select(static p => Port(p.Address, p.Setting, p.Port)), .. twice, .. notes];
    }

    private static bool IsOfThisMachine(IPAddress address) =>
        IPAddress.IsLoopback(address) || NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(static one => one.GetIPProperties().UnicastAddresses)
            .Any(one => one.Address.Equals(address));

    private static Finding Port(IPAddress address, string setting, int port)
    {
        try
        {
            using var probe = new TcpListener(address, port);
            probe.Start();
            return Finding.Good($"{setting} {port} is free");
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return Finding.Problem(
                $"{setting} {port} is in use. Stop the other process, or set --{setting} to a free port");
        }
        catch (SocketException e)
        {
            return Finding.Problem($"{setting} {port}: cannot listen on {address}: {e.Message}. Set --{setting} to "
                + "another port, or change Bind");
        }
    }
}

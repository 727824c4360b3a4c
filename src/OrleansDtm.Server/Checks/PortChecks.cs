using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Hosting;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Server.Checks;

/// <summary>Whether this process could listen where it is told to.</summary>
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

        List<(IPAddress Address, string Setting, int Port)> ports = [(address, "HttpPort", options.HttpPort), (address, "GrpcPort", options.GrpcPort)];
        List<Finding> notes = [];
        if (options.Cluster.IsShared)
        {
            var silo = ClusterHosting.Places(options);
            ports.Add((silo.Listening, SiloPort, silo.SiloPort));
            ports.Add((silo.Listening, GatewayPort, silo.GatewayPort));
            if (silo.Advertised is not null && !IsOfThisMachine(silo.Advertised))
            {
                notes.Add(Finding.Note($"{silo.Advertised}, which the other silos are told, is no address of this machine: they must be led here from there, or Cluster:AdvertisedAddress is wrong"));
            }
        }
        else
        {
            ports.Add((IPAddress.Loopback, SiloPort, options.Cluster.SiloPort)); // A lone silo is for this machine only.
            ports.Add((IPAddress.Loopback, GatewayPort, options.Cluster.GatewayPort ?? 0));
        }

        var taken = ports.Where(static p => p.Port > 0).ToList();
        var twice = taken.GroupBy(static p => p.Port).Where(static same => same.Count() > 1)
            .Select(static same => Finding.Problem($"{string.Join(" and ", same.Select(static p => p.Setting))} are the same port {same.Key}: choose another for one of them"));
        return [.. taken.Select(static p => Port(p.Address, p.Setting, p.Port)), .. twice, .. notes];
    }

    private static bool IsOfThisMachine(IPAddress address) => IPAddress.IsLoopback(address) || NetworkInterface.GetAllNetworkInterfaces()
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
            return Finding.Problem($"{setting} {port} is in use: stop who listens there (a coordinator that runs already?), or choose another with --{setting}");
        }
        catch (SocketException e)
        {
            return Finding.Problem($"{setting} {port} at {address} cannot be listened on: {e.Message}. Choose another with --{setting}, or another Bind");
        }
    }
}

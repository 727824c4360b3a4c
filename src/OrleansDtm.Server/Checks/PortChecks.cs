using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Hosting;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Server.Checks;

/// <summary>Whether this process could listen where it is told to, and with what certificate.</summary>
internal static class PortChecks
{
    private const int CertificateDaysMin = 30;

    public static IEnumerable<Finding> Ports(CoordinatorOptions options)
    {
        List<(string Setting, int Port)> ports = [("HttpPort", options.HttpPort), ("GrpcPort", options.GrpcPort)];
        if (options.Cluster.IsShared)
        {
            ports.Add(("Cluster:SiloPort", options.Cluster.SiloPort == 0 ? ClusterHosting.SiloPort : options.Cluster.SiloPort));
            ports.Add(("Cluster:GatewayPort", options.Cluster.GatewayPort ?? ClusterHosting.GatewayPort));
        }
        else if (options.Cluster.SiloPort > 0)
        {
            ports.Add(("Cluster:SiloPort", options.Cluster.SiloPort));
        }

        var address = options.Bind switch
        {
            "localhost" => IPAddress.Loopback,
            "*" => IPAddress.Any,
            var text => IPAddress.TryParse(text, out var given) ? given : null,
        };
        return address is null
            ? [Finding.Problem($"Bind: '{options.Bind}' is not localhost, * or an IP address")]
            : ports.Where(static p => p.Port > 0).Select(p => Port(address, p.Setting, p.Port));
    }

    public static IEnumerable<Finding> Certificates(GrpcOptions options, TimeProvider clock)
    {
        if (options.TlsCertificate.Length == 0)
        {
            yield break;
        }

        X509Certificate2? certificate = null;
        var problem = "";
        try
        {
            certificate = X509Certificate2.CreateFromPemFile(options.TlsCertificate, options.TlsKey);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            problem = e.Message;
        }

        using (certificate)
        {
            yield return certificate is null
                ? Finding.Problem($"Grpc:TlsCertificate {options.TlsCertificate}, Grpc:TlsKey {options.TlsKey}: {problem} Both must be PEM files that can be read, and belong together")
                : Age(certificate, options.TlsCertificate, clock.GetUtcNow());
        }
    }

    private static Finding Age(X509Certificate2 certificate, string file, DateTimeOffset now)
    {
        var (from, to) = (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        return now < from ? Finding.Problem($"{file} is valid from {from:u} only: set the clock, or wait")
            : now > to ? Finding.Problem($"{file} was valid until {to:u}: renew it")
            : (to - now).TotalDays < CertificateDaysMin ? Finding.Note($"{file} is valid until {to:u}: renew it soon; a new one is read at the next start")
            : Finding.Good($"{file} is valid until {to:u}");
    }

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

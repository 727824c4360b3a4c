using System.Net;
using OrleansDtm.Server.Hosting;

namespace OrleansDtm.Server.Configuration;

/// <summary>Reads the settings below Cluster.</summary>
internal static class ClusterSettings
{
    private const string Mode = "Cluster:Mode";
    private const string ConnectionString = "Cluster:ConnectionString";
    private const string AdvertisedAddress = "Cluster:AdvertisedAddress";
    private const string TlsCertificate = "Cluster:Tls:CertificatePath";
    private const string TlsKey = "Cluster:Tls:KeyPath";
    private const string TlsCa = "Cluster:Tls:CaPath";
    private const string TlsServerName = "Cluster:Tls:ServerName";

    public static readonly string[] Names =
    [
        Mode, "Cluster:SiloPort", "Cluster:GatewayPort", "Cluster:ClusterId", "Cluster:ServiceId", ConnectionString,
        AdvertisedAddress, TlsCertificate, TlsKey, TlsCa, TlsServerName,
    ];

    /// <param name="others">The other settings.</param>
    public static ClusterOptions Read(SettingsReader read, ClusterOptions defaults, CoordinatorOptions others)
    {
        var options = new ClusterOptions
        {
            Mode = read.Choice(
                Mode, defaults.Mode, ClusterOptions.Local, ClusterOptions.AdoNet, ClusterOptions.Kubernetes),
            SiloPort = read.Whole("Cluster:SiloPort", 0, 0, 65535),
            GatewayPort = read.Whole("Cluster:GatewayPort", -1, 0, 65535) is >= 0 and var port ? port : null,
            ClusterId = read.Text("Cluster:ClusterId", defaults.ClusterId),
            ServiceId = read.Text("Cluster:ServiceId", defaults.ServiceId),
            ConnectionString = read.Text(ConnectionString, ""),
            AdvertisedAddress = read.Text(AdvertisedAddress, ""),
            Tls = ReadTls(read, defaults.Tls),
        };
        if (options.IsShared)
        {
            CheckDatabase(read, options, others.Store);
        }

        if (options.AdvertisedAddress.Length > 0 && !IPAddress.TryParse(options.AdvertisedAddress, out _))
        {
            read.Problem(AdvertisedAddress, options.AdvertisedAddress, "an IP address");
        }

        return options;
    }

    private static ClusterTlsOptions ReadTls(SettingsReader read, ClusterTlsOptions defaults)
    {
        var options = new ClusterTlsOptions
        {
            CertificatePath = read.Text(TlsCertificate, ""),
            KeyPath = read.Text(TlsKey, ""),
            CaPath = read.Text(TlsCa, ""),
            ServerName = read.Text(TlsServerName, defaults.ServerName),
        };
        (string Name, string Value)[] files =
        [
            (TlsCertificate, options.CertificatePath),
            (TlsKey, options.KeyPath),
            (TlsCa, options.CaPath),
        ];
        var missing = files.Where(static file => file.Value.Length == 0).Select(static file => file.Name).ToList();
        if (missing.Count is > 0 and < 3)
        {
            read.Problem($"{string.Join(", ", missing)}: missing. TLS between silos needs three PEM files: "
                + $"{TlsCertificate}, {TlsKey} and {TlsCa}. Set all of them, or none.");
        }
        else if (missing.Count == 3 && options.ServerName != defaults.ServerName)
        {
            read.Problem(
                TlsServerName,
                options.ServerName,
                $"possible without {TlsCertificate}, {TlsKey} and {TlsCa}: there is no certificate with that name");
        }

        if (Uri.CheckHostName(options.ServerName) != UriHostNameType.Dns)
        {
            read.Problem(TlsServerName, options.ServerName, "a DNS name, as in the certificates of the silos");
        }

        return options;
    }

    private static void CheckDatabase(SettingsReader read, ClusterOptions options, StoreOptions store)
    {
        var driver = StoreFactory.Driver(store);
        if (driver.Cluster is null)
        {
            read.Problem(
                Mode,
                options.Mode,
                $"possible with Store:Driver={driver.Name}, whose file belongs to one process: set Store:Driver to a "
                + "database server, "
                + $"or leave {Mode} out");
        }
        else if (options.ConnectionString.Length > 0)
        {
            read.ConnectionString(ConnectionString, options.ConnectionString, driver);
        }
    }
}

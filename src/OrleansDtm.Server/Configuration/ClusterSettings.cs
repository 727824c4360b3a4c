using System.Net;
using OrleansDtm.Server.Hosting;

namespace OrleansDtm.Server.Configuration;

/// <summary>Reads the settings below Cluster.</summary>
internal static class ClusterSettings
{
    private const string Mode = "Cluster:Mode";
    private const string ConnectionString = "Cluster:ConnectionString";
    private const string AdvertisedAddress = "Cluster:AdvertisedAddress";

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

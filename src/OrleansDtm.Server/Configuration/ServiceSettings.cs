namespace OrleansDtm.Server.Configuration;

/// <summary>
/// Reads the section Services, the endpoints of named services, in the form of Microsoft.Extensions.ServiceDiscovery:
/// <c>Services:orders:http:0=http://10.0.0.7:8080</c>.
/// </summary>
internal static class ServiceSettings
{
    public const string Section = "Services";

    public static bool IsOwn(string key) => key.StartsWith(Section + ":", StringComparison.OrdinalIgnoreCase);

    /// <summary>Its entries, with the names of the configuration.</summary>
    public static IReadOnlyDictionary<string, string?> Read(IConfiguration configuration, SettingsReader read)
    {
        var found = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var (key, value) in configuration.GetSection(Section).AsEnumerable())
        {
            if (string.IsNullOrEmpty(value))
            {
                continue;
            }

            if (key.Split(':').Length is 3 or 4 && IsPlace(value))
            {
                found.Add(key, value);
            }
            else
            {
                read.Problem(
                    key,
                    value,
                    "an endpoint of a service, written Services:orders:http:0=http://10.0.0.7:8080 (or https, grpc)");
            }
        }

        return found;
    }

    private static bool IsPlace(string value) =>
        value.Contains("://", StringComparison.Ordinal)
            ? Uri.TryCreate(value, UriKind.Absolute, out var url)
                && url.Scheme is "http" or "https"
                && url.Host.Length > 0
                && url.UserInfo.Length == 0
            : Uri.TryCreate($"http://{value}", UriKind.Absolute, out var place)
                && place is { PathAndQuery: "/", UserInfo: "", Fragment: "" };
}

using System.Globalization;
using System.Net;
using Microsoft.Extensions.Primitives;
using Microsoft.Extensions.ServiceDiscovery;

namespace OrleansDtm.Invokers;

/// <summary>The endpoints of services, from Microsoft.Extensions.ServiceDiscovery and its providers.</summary>
internal sealed class ServicePlaces(ServiceEndpointResolver resolver)
{
    private int _turn;

    /// <summary>The HTTP endpoints of a service; empty = the name is unknown and so a host name.</summary>
    /// <param name="query"><c>http://name</c>, <c>https://name</c>, or <c>https+http://name</c> for either.</param>
    public async ValueTask<IReadOnlyList<ServiceEndpoint>> Find(string query, CancellationToken cancellationToken) =>
        Known(query, (await resolver.GetEndpointsAsync(query, cancellationToken).ConfigureAwait(false)).Endpoints);

    /// <summary>
    /// The gRPC endpoints of a service: those named <c>grpc</c>, else those of <c>http</c> (with TLS <c>https</c>).
    /// </summary>
    public async ValueTask<(IReadOnlyList<ServiceEndpoint> Endpoints, IChangeToken Changed)> FindGrpc(
        string name, bool tls, CancellationToken cancellationToken)
    {
        var plain = $"{(tls ? "https" : "http")}://{name}";
        var own = await resolver.GetEndpointsAsync(
            $"{(tls ? "https" : "http")}://_grpc.{name}", cancellationToken).ConfigureAwait(false);
        if (Known(plain, own.Endpoints) is { Count: > 0 } found)
        {
            return (found, own.ChangeToken);
        }

        var any = await resolver.GetEndpointsAsync(plain, cancellationToken).ConfigureAwait(false);
        return (Known(plain, any.Endpoints), any.ChangeToken);
    }

    /// <summary>Rotation over several endpoints.</summary>
    public int NextTurn() => Interlocked.Increment(ref _turn) & int.MaxValue;

    /// <summary>Host (an IPv6 address without brackets), port and, if the registry has them, scheme and path.</summary>
    /// <exception cref="NotSupportedException">It is not a network address.</exception>
    public static (string Host, int Port, Uri? Uri) Read(ServiceEndpoint endpoint) => endpoint.EndPoint switch
    {
        UriEndPoint { Uri: var uri } => (uri.DnsSafeHost, uri.Port, uri),
        DnsEndPoint dns => (dns.Host, dns.Port, null),
        IPEndPoint ip => (ip.Address.ToString(), ip.Port, null),
        var other => throw new NotSupportedException($"a registry returned {other}, which is not an address"),
    };

    /// <summary>The URL of a call at an endpoint.</summary>
    /// <param name="scheme">Used if the endpoint has none.</param>
    /// <param name="rest">Path and query.</param>
    public static string Url(ServiceEndpoint endpoint, string scheme, ReadOnlySpan<char> rest)
    {
        var (host, port, uri) = Read(endpoint);
        if (host.Contains(':', StringComparison.Ordinal))
        {
            host = $"[{host}]";
        }

        var slash = rest.StartsWith("/") ? "" : "/";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{uri?.Scheme ?? scheme}://{host}{(port > 0 ? ":" : "")}{(port > 0 ? port : "")}"
            + $"{uri?.AbsolutePath.TrimEnd('/')}{slash}{rest}");
    }

    /// <summary>
    /// Skips the provider that returns every name as a host (<c>AddPassThroughServiceEndpointProvider</c>).
    /// </summary>
    private static IReadOnlyList<ServiceEndpoint> Known(string query, IReadOnlyList<ServiceEndpoint> found) =>
        found is [{ EndPoint: DnsEndPoint { Port: 0 } dns }]
            && query.EndsWith($"/{dns.Host}", StringComparison.OrdinalIgnoreCase) ? [] : found;
}

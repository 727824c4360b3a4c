using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.ServiceDiscovery;

namespace OrleansDtm.Invokers;

/// <summary>Limits of outbound calls.</summary>
public sealed record InvokerOptions
{
    /// <summary>
    /// Maximum bytes of a decompressed response body; a longer one is Unknown. Default 4 MiB. It is scanned while it
    /// streams, and only its beginning is kept.
    /// </summary>
    public int ResponseBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>Maximum bytes of response headers. Default 32 KiB.</summary>
    public int ResponseHeaderBytesMax { get; init; } = 32 * 1024;

    /// <summary>
    /// Lifetime of a pooled connection. Default 2 minutes: long enough to save handshakes, short enough to follow DNS
    /// changes.
    /// </summary>
    public TimeSpan ConnectionLifetime { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Timeout of opening a connection. Default 10 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Maximum bytes of a gRPC response; a longer one is Unknown. Default 4 MiB, which is gRPC's default.
    /// </summary>
    public int GrpcResponseBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>gRPC services with an open channel. Default 1024; the one idle for longest is closed first.</summary>
    public int GrpcChannelsMax { get; init; } = 1024;

    /// <summary>Which hosts may be called. Default: all but link-local, metadata and other special addresses.</summary>
    public BranchTargets Targets { get; init; } = BranchTargets.Default;

    /// <summary>Resolves a host name. Default: the machine's resolver.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> ResolveHost { get; init; } = static (host, cancel) =>
        Dns.GetHostAddressesAsync(host, cancel);

    /// <summary>
    /// Returns the client certificate for a host; called for each TLS connection. Null (default) = no client
    /// certificate.
    /// </summary>
    public Func<string, X509Certificate2?>? ClientCertificate { get; init; }

    /// <summary>
    /// Returns additional trusted authorities; called for each TLS connection. Null (default) = none.
    /// </summary>
    public Func<X509Certificate2Collection>? TrustedRoots { get; init; }

    /// <summary>The proxy of outgoing calls; null (default) = none. The environment's proxy is ignored.</summary>
    public BranchProxy? Proxy { get; init; }

    /// <summary>
    /// Resolves service names (<see cref="ServiceUrl"/>); null (default) = all names are host names.
    /// </summary>
    public ServiceEndpointResolver? Services { get; init; }

    /// <summary>
    /// Sends all requests over HTTP, gRPC and JSON-RPC instead of sockets, for services in this process. It is not
    /// disposed. Rules for addresses (<see cref="Targets"/>), the proxy and certificates then have no effect. Null
    /// (default) = sockets.
    /// </summary>
    public HttpMessageHandler? Handler { get; init; }

    /// <summary>How long an idle channel is kept. Default 10 minutes.</summary>
    public TimeSpan GrpcChannelIdle { get; init; } = TimeSpan.FromMinutes(10);
}

using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.ServiceDiscovery;

namespace OrleansDtm.Invokers;

/// <summary>Limits of outbound calls.</summary>
public sealed record InvokerOptions
{
    /// <summary>
    /// Bytes of an answer's body, decompressed; a longer one counts as Unknown. Default 4 MiB. It is looked through as
    /// it comes, and only
    /// its beginning is kept.
    /// </summary>
    public int ResponseBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>Bytes of an answer's headers. Default 32 KiB.</summary>
    public int ResponseHeaderBytesMax { get; init; } = 32 * 1024;

    /// <summary>
    /// How long a pooled connection is kept. Default 2 minutes: long enough to save handshakes, short enough that a changed DNS
    /// answer is followed.
    /// </summary>
    public TimeSpan ConnectionLifetime { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a connection may take to open. Default 10 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Bytes of a gRPC branch's answer; a longer one counts as Unknown. Default 4 MiB, gRPC's own default: a service that works
    /// with other callers works here.
    /// </summary>
    public int GrpcResponseBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>gRPC services with an open channel. Default 1024; the one unused for longest makes place.</summary>
    public int GrpcChannelsMax { get; init; } = 1024;

    /// <summary>Which hosts may be called. Default: all but link-local, metadata and other special addresses.</summary>
    public BranchTargets Targets { get; init; } = BranchTargets.Default;

    /// <summary>Looks up the addresses of a name. Default: as the machine does.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> ResolveHost { get; init; } = static (host, cancel) => Dns.GetHostAddressesAsync(host, cancel);

    /// <summary>
    /// Asked at each TLS connection, with the host, for the certificate to show to a service that wants one. Null (default) = none is
    /// shown to anybody.
    /// </summary>
    public Func<string, X509Certificate2?>? ClientCertificate { get; init; }

    /// <summary>Asked at each TLS connection for authorities that are trusted beside those of the machine. Null (default) = none.</summary>
    public Func<X509Certificate2Collection>? TrustedRoots { get; init; }

    /// <summary>The proxy of outgoing calls; null (default) = none, not even that of the environment.</summary>
    public BranchProxy? Proxy { get; init; }

    /// <summary>
    /// Knows where services live that are called by name (<see cref="ServiceUrl"/>); null (default) = all names are
    /// those of hosts.
    /// </summary>
    public ServiceEndpointResolver? Services { get; init; }

    /// <summary>How long a channel is kept that nobody uses. Default 10 minutes.</summary>
    public TimeSpan GrpcChannelIdle { get; init; } = TimeSpan.FromMinutes(10);
}

namespace OrleansDtm.Server.Configuration;

/// <summary>Allowed targets of branch calls, notices, queries and alerts, and their TLS settings.</summary>
public sealed record BranchOptions
{
    /// <summary>
    /// Hosts, addresses and networks, with or without <c>:port</c>; all others are denied. Empty (default) = all are
    /// allowed.
    /// </summary>
    public IReadOnlyList<string> Allow { get; init; } = [];

    /// <summary>
    /// Hosts, addresses and networks, with or without <c>:port</c>, that are denied even if they are allowed.
    /// </summary>
    public IReadOnlyList<string> Deny { get; init; } = [];

    /// <summary>
    /// Denies this machine and private networks, unless <see cref="Allow"/> names the address. Default false.
    /// </summary>
    public bool DenyPrivate { get; init; }

    /// <summary>
    /// <c>http://[user:password@]host:port</c> of the proxy of outgoing calls. Empty (default) = none; the
    /// environment's proxy is ignored.
    /// </summary>
    public string Proxy { get; init; } = "";

    /// <summary>
    /// Hosts, addresses and networks, with or without <c>:port</c>, that are called without the proxy. This machine
    /// always is.
    /// </summary>
    public IReadOnlyList<string> NoProxy { get; init; } = [];

    /// <summary>
    /// Name of the DNS SRV records of services, such as <c>_{endpoint}._tcp.{name}.default.svc.cluster.local</c>;
    /// <c>{endpoint}</c> is http, https or grpc. Empty (default) = no SRV lookup.
    /// </summary>
    public string DnsSrv { get; init; } = "";

    /// <summary>Client certificate file, PEM or .pfx. Empty (default) = none.</summary>
    public string TlsCertificatePath { get; init; } = "";

    /// <summary>PEM file of its private key.</summary>
    public string TlsKeyPath { get; init; } = "";

    /// <summary>Other client certificates by host; the first matching entry is used. Empty (default) = none.</summary>
    internal IReadOnlyList<HostCertificate> HostCertificates { get; init; } = [];

    /// <summary>PEM file with additional trusted authorities. Empty (default) = none.</summary>
    public string TlsCaPath { get; init; } = "";

    /// <summary>Without the password of the proxy.</summary>
    public override string ToString() => $"{nameof(BranchOptions)} {TlsCertificatePath}";
}

/// <summary>The client certificate for some hosts.</summary>
/// <param name="Hosts">A host (<c>*.example.com</c>), an address or a network.</param>
/// <param name="CertificatePath">PEM, or .pfx.</param>
/// <param name="KeyPath">PEM file of its private key; empty with a .pfx.</param>
internal sealed record HostCertificate(string Hosts, string CertificatePath, string KeyPath);

/// <summary>TLS of both ports.</summary>
public sealed record TlsOptions
{
    /// <summary>
    /// File of the certificate, with its chain if it has one: PEM, or .pfx. Empty (default) = no TLS.
    /// </summary>
    public string CertificatePath { get; init; } = "";

    /// <summary>PEM file of the private key.</summary>
    public string KeyPath { get; init; } = "";

    /// <summary>Password of the .pfx file.</summary>
    public string Password { get; init; } = "";

    /// <summary>
    /// PEM file with the authorities of client certificates, which are then required. Empty (default) = not required.
    /// </summary>
    public string ClientCaPath { get; init; } = "";

    /// <summary>Without the password.</summary>
    public override string ToString() => $"{nameof(TlsOptions)} {CertificatePath}";
}

namespace OrleansDtm.Server.Configuration;

/// <summary>What calls of branches, notices, questions and alerts may reach, and how they prove themselves.</summary>
public sealed record BranchOptions
{
    /// <summary>Hosts, addresses and networks, each with <c>:port</c> or without; nothing else may be called. Empty (default) = everything may.</summary>
    public IReadOnlyList<string> Allow { get; init; } = [];

    /// <summary>The same; may not be called, whatever is allowed.</summary>
    public IReadOnlyList<string> Deny { get; init; } = [];

    /// <summary>Neither may this machine and private networks, unless <see cref="Allow"/> names the address. Default false.</summary>
    public bool DenyPrivate { get; init; }

    /// <summary>
    /// <c>http://[user:password@]host:port</c> of the proxy of outgoing calls. Empty (default) = none, not even that of
    /// the environment.
    /// </summary>
    public string Proxy { get; init; } = "";

    /// <summary>
    /// Hosts, addresses and networks, each with <c>:port</c> or without, that are called without the proxy. This
    /// machine always is.
    /// </summary>
    public IReadOnlyList<string> NoProxy { get; init; } = [];

    /// <summary>
    /// Where DNS has SRV records of services that are called by name:
    /// <c>_{endpoint}._tcp.{name}.default.svc.cluster.local</c>; <c>{endpoint}</c>
    /// is http, https or grpc. Empty (default) = DNS is not asked for such.
    /// </summary>
    public string DnsSrv { get; init; } = "";

    /// <summary>File with the certificate that services are shown which ask for one: PEM, or .pfx. Empty (default) = none.</summary>
    public string TlsCertificatePath { get; init; } = "";

    /// <summary>PEM file of its private key.</summary>
    public string TlsKeyPath { get; init; } = "";

    /// <summary>For some hosts another certificate; the first entry that names the host counts. Empty (default) = none.</summary>
    internal IReadOnlyList<HostCertificate> HostCertificates { get; init; } = [];

    /// <summary>PEM file with authorities that are trusted beside those of the machine. Empty (default) = none.</summary>
    public string TlsCaPath { get; init; } = "";

    /// <summary>Without the password of the proxy.</summary>
    public override string ToString() => $"{nameof(BranchOptions)} {TlsCertificatePath}";
}

/// <summary>The certificate that the services of some hosts are shown.</summary>
/// <param name="Hosts">A host (<c>*.example.com</c>), an address or a network.</param>
/// <param name="CertificatePath">PEM, or .pfx.</param>
/// <param name="KeyPath">PEM file of its private key; empty with a .pfx.</param>
internal sealed record HostCertificate(string Hosts, string CertificatePath, string KeyPath);

/// <summary>TLS of both ports.</summary>
public sealed record TlsOptions
{
    /// <summary>File of the certificate, with its chain if it has one: PEM, or .pfx. Empty (default) = no TLS.</summary>
    public string CertificatePath { get; init; } = "";

    /// <summary>PEM file of the private key.</summary>
    public string KeyPath { get; init; } = "";

    /// <summary>Of the .pfx file.</summary>
    public string Password { get; init; } = "";

    /// <summary>PEM file with the authorities of clients: who shows no certificate of theirs is not let in. Empty (default) = none is asked for.</summary>
    public string ClientCaPath { get; init; } = "";

    /// <summary>Without the password.</summary>
    public override string ToString() => $"{nameof(TlsOptions)} {CertificatePath}";
}

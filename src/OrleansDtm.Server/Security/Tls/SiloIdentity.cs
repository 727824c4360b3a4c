using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Security.Tls;

/// <summary>The files of Cluster:Tls, loaded together: a certificate and the authorities that accept it.</summary>
/// <param name="Own">The silo's certificate with its chain.</param>
/// <param name="Authorities">The authorities of its peers.</param>
internal sealed record SiloIdentity(SslStreamCertificateContext Own, X509Certificate2Collection Authorities)
{
    private static readonly Oid ServerUse = new("1.3.6.1.5.5.7.3.1", "server authentication");
    private static readonly Oid ClientUse = new("1.3.6.1.5.5.7.3.2", "client authentication");

    /// <exception cref="InvalidDataException">Other silos would refuse the certificate.</exception>
    /// <exception cref="CryptographicException">The files are invalid, or do not match.</exception>
    public static SiloIdentity Load(ClusterTlsOptions options)
    {
        var (certificate, chain) = CertificateFiles.Load([options.CertificatePath, options.KeyPath], "");
        var authorities = CertificateFiles.LoadAuthorities([options.CaPath]);
        if (!certificate.MatchesHostname(options.ServerName))
        {
            throw new InvalidDataException($"the certificate does not contain the DNS name {options.ServerName} "
                + "(Cluster:Tls:ServerName), which the certificates of all silos need.");
        }

        // A silo is a server for some of its peers, and a client of others.
        foreach (var use in new[] { ServerUse, ClientUse })
        {
            using var own = new X509Chain { ChainPolicy = Policy(authorities, use) };
            own.ChainPolicy.ExtraStore.AddRange(chain);
            if (!own.Build(certificate))
            {
                throw new InvalidDataException($"the other silos would refuse the certificate: {Problems(own)}. It "
                    + "must be valid now, issued by an authority of Cluster:Tls:CaPath, and usable for "
                    + $"{ServerUse.FriendlyName} and {ClientUse.FriendlyName}.");
            }
        }

        return new SiloIdentity(SslStreamCertificateContext.Create(certificate, chain, offline: true), authorities);
    }

    /// <summary>How the certificates of peers are checked that open a connection; a new one for each.</summary>
    public X509ChainPolicy PolicyOfClients() => Policy(Authorities, ClientUse);

    /// <summary>The same for peers to which a connection is opened.</summary>
    public X509ChainPolicy PolicyOfServers() => Policy(Authorities, ServerUse);

    /// <summary>The reasons why a chain is not accepted.</summary>
    public static string Problems(X509Chain? chain) =>
        string.Join(", ", (chain?.ChainStatus ?? []).Select(static one => one.Status).Distinct());

    private static X509ChainPolicy Policy(X509Certificate2Collection authorities, Oid use)
    {
        var policy = new X509ChainPolicy
        {
            DisableCertificateDownloads = true, // Peers could name any URL in a certificate.
            RevocationMode = X509RevocationMode.NoCheck,
            TrustMode = X509ChainTrustMode.CustomRootTrust,
        };
        policy.ApplicationPolicy.Add(use);
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }
}

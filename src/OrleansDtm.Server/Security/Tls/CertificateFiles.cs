using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansDtm.Server.Security.Tls;

/// <summary>Reads certificates: PEM with a key file, or .pfx.</summary>
internal static class CertificateFiles
{
    /// <param name="paths">The certificate, and its key unless the first is a .pfx.</param>
    /// <param name="password">Of a .pfx.</param>
    /// <exception cref="CryptographicException">They are invalid, or do not match.</exception>
    public static (X509Certificate2 Certificate, X509Certificate2Collection Chain) Load(
        IReadOnlyList<string> paths, string password)
    {
        var chain = new X509Certificate2Collection();
        if (paths.Count == 1)
        {
            chain = X509CertificateLoader.LoadPkcs12CollectionFromFile(paths[0], password);
            return (chain.FirstOrDefault(static c => c.HasPrivateKey)
                ?? throw new InvalidDataException("it contains no private key."), chain);
        }

        chain.ImportFromPemFile(paths[0]);
        return (X509Certificate2.CreateFromPemFile(paths[0], paths[1]), chain);
    }

    /// <summary>Certificates of authorities.</summary>
    public static X509Certificate2Collection LoadAuthorities(IReadOnlyList<string> paths)
    {
        var found = new X509Certificate2Collection();
        found.ImportFromPemFile(paths[0]);
        return found.Count > 0 ? found : throw new InvalidDataException("it contains no PEM certificate.");
    }

    public static string[] Paths(string certificate, string key) => key.Length > 0 ? [certificate, key] : [certificate];

    /// <summary>Whether a client's chain ends at one of the authorities.</summary>
    /// <param name="sent">The chain that the client sent, with intermediate certificates.</param>
    public static bool IsIssuedBy(
        X509Certificate? certificate, X509Chain? sent, X509Certificate2Collection authorities, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 presented
            || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.DisableCertificateDownloads = true; // Clients could name any URL in a certificate.
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.2", "client authentication"));
        if (sent is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
            foreach (var element in sent.ChainElements)
            {
                chain.ChainPolicy.ExtraStore.Add(element.Certificate);
            }
        }

        return chain.Build(presented);
    }
}

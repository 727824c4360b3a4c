using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansDtm.Server.Security.Tls;

/// <summary>Reads certificates: PEM with a key in a file of its own, or .pfx.</summary>
internal static class CertificateFiles
{
    /// <param name="paths">The certificate, and its key unless the first is a .pfx.</param>
    /// <param name="password">Of a .pfx.</param>
    /// <exception cref="CryptographicException">They are none, or do not belong together.</exception>
    public static (X509Certificate2 Certificate, X509Certificate2Collection Chain) Load(IReadOnlyList<string> paths, string password)
    {
        var chain = new X509Certificate2Collection();
        if (paths.Count == 1)
        {
            chain = X509CertificateLoader.LoadPkcs12CollectionFromFile(paths[0], password);
            return (chain.FirstOrDefault(static c => c.HasPrivateKey) ?? throw new InvalidDataException("it holds no private key."), chain);
        }

        chain.ImportFromPemFile(paths[0]);
        return (X509Certificate2.CreateFromPemFile(paths[0], paths[1]), chain);
    }

    /// <summary>Certificates of authorities.</summary>
    public static X509Certificate2Collection LoadAuthorities(IReadOnlyList<string> paths)
    {
        var found = new X509Certificate2Collection();
        found.ImportFromPemFile(paths[0]);
        return found.Count > 0 ? found : throw new InvalidDataException("it holds no certificate in PEM.");
    }

    public static string[] Paths(string certificate, string key) => key.Length > 0 ? [certificate, key] : [certificate];

    /// <summary>A chain that ends in one of the authorities, for a client.</summary>
    /// <param name="sent">With what the client sent beside its certificate: those between it and the authority.</param>
    public static bool IsIssuedBy(X509Certificate? certificate, X509Chain? sent, X509Certificate2Collection authorities, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 presented || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.DisableCertificateDownloads = true; // Anybody may connect, and name any URL in a certificate.
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

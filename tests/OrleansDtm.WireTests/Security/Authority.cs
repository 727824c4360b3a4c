using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansDtm.WireTests.Security;

/// <summary>
/// A private certificate authority that issues server and client certificates for 127.0.0.1 and a DNS name.
/// </summary>
public sealed class Authority : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public Authority()
    {
        var request = new CertificateRequest("CN=tests", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        Root = request.CreateSelfSigned(Now.AddDays(-1), Now.AddDays(2));
    }

    public const string ServerUse = "1.3.6.1.5.5.7.3.1";
    public const string ClientUse = "1.3.6.1.5.5.7.3.2";

    public X509Certificate2 Root { get; }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>Issues a certificate with its private key.</summary>
    /// <param name="name">The common name.</param>
    /// <param name="dns">A DNS name; null = the address only.</param>
    /// <param name="validFor">From now on; null = a day.</param>
    /// <param name="uses">Extended key usages; null = server and client.</param>
    public X509Certificate2 Issue(
        string name, string? dns = null, TimeSpan? validFor = null, params string[]? uses)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        if (dns is not null)
        {
            names.AddDnsName(dns);
        }

        request.CertificateExtensions.Add(names.Build());
        var usages = new OidCollection();
        foreach (var use in uses is { Length: > 0 } ? uses : [ServerUse, ClientUse])
        {
            usages.Add(new Oid(use));
        }

        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(usages, critical: false));
        using var issued = request.Create(
            Root,
            Now.AddDays(-1),
            Now + (validFor ?? TimeSpan.FromDays(1)),
            RandomNumberGenerator.GetBytes(8));
        return issued.CopyWithPrivateKey(key);
    }

    /// <summary>Writes name.pem and name.key, each atomically, as in mounted Secrets.</summary>
    public string Write(string folder, string name, string? dns = null)
    {
        using var certificate = Issue(name, dns);
        return Write(folder, name, certificate);
    }

    /// <summary>Writes an issued certificate.</summary>
    public static string Write(string folder, string name, X509Certificate2 certificate)
    {
        var path = Path.Combine(folder, name);
        Replace(path + ".key", certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        Replace(path + ".pem", certificate.ExportCertificatePem());
        return certificate.Thumbprint;
    }

    public void Dispose()
    {
        Root.Dispose();
        _key.Dispose();
    }

    private static void Replace(string path, string text)
    {
        File.WriteAllText(path + ".new", text);
        File.Move(path + ".new", path, overwrite: true);
    }
}

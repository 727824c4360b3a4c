using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansDtm.WireTests.Security;

/// <summary>A private certificate authority that issues server and client certificates for 127.0.0.1.</summary>
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

    public X509Certificate2 Root { get; }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>Issues a certificate with its private key.</summary>
    public X509Certificate2 Issue(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(
            [new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        using var issued = request.Create(Root, Now.AddDays(-1), Now.AddDays(1), RandomNumberGenerator.GetBytes(8));
        return issued.CopyWithPrivateKey(key);
    }

    /// <summary>Writes name.pem and name.key, each atomically, as in mounted Secrets.</summary>
    public string Write(string folder, string name)
    {
        using var certificate = Issue(name);
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

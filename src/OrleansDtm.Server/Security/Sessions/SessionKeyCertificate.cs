using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Tls;

namespace OrleansDtm.Server.Security.Sessions;

/// <summary>Reads the certificate that encrypts the keys of sessions.</summary>
internal static class SessionKeyCertificate
{
    /// <exception cref="SettingsException">The files are invalid.</exception>
    public static X509Certificate2 Load(SessionKeyOptions options)
    {
        try
        {
            var (certificate, _) = CertificateFiles.Load(
                CertificateFiles.Paths(options.CertificatePath, options.KeyPath), options.Password);
            using var key = certificate.GetRSAPrivateKey();
            return key is null
                ? throw new InvalidDataException("it has no RSA key; XML encryption needs one.")
                : certificate;
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException
            or ArgumentException or InvalidDataException)
        {
            throw new SettingsException(
                [$"Security:SessionKeys:CertificatePath '{options.CertificatePath}': {e.Message} [ODTM1004]"]);
        }
    }
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Tls;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Server.Checks;

/// <summary>Checks whether certificate files are valid, and until when.</summary>
internal static class CertificateChecks
{
    private const int DaysMin = 30;

    public static IEnumerable<Finding> Of(CoordinatorOptions options, TimeProvider clock)
    {
        var (tls, grpc, branches) = (options.Tls, options.Grpc, options.Branches);
        List<(string Setting, string Certificate, string Key, string Password)> own =
        [
            ("Tls:CertificatePath, Tls:KeyPath", tls.CertificatePath, tls.KeyPath, tls.Password),
            ("Grpc:TlsCertificate, Grpc:TlsKey", grpc.TlsCertificate, grpc.TlsKey, ""),
            (
                "Branches:Tls:CertificatePath, Branches:Tls:KeyPath",
                branches.TlsCertificatePath,
                branches.TlsKeyPath,
                ""),
            (
                "Security:SessionKeys:CertificatePath, Security:SessionKeys:KeyPath",
                options.Security.SessionKeys.CertificatePath,
                options.Security.SessionKeys.KeyPath,
                options.Security.SessionKeys.Password),
            .. branches.HostCertificates.Select(
                static entry => ($"Branches:Tls:Hosts '{entry.Hosts}'", entry.CertificatePath, entry.KeyPath, "")),
        ];
        (string Setting, string Path)[] authorities =
        [
            ("Tls:ClientCaPath", tls.ClientCaPath),
            ("Branches:Tls:CaPath", branches.TlsCaPath),
        ];
        return
        [
            .. own.Where(static one => one.Certificate.Length > 0).Select(
                one => Certificate(one.Setting, one.Certificate, one.Key, one.Password, clock.GetUtcNow())),
            .. authorities.Where(static one => one.Path.Length > 0).Select(one => Authorities(one.Setting, one.Path)),
            .. options.Cluster.Tls.IsOn ? [Cluster(options.Cluster.Tls, clock.GetUtcNow())] : Array.Empty<Finding>(),
        ];
    }

    private static Finding Cluster(ClusterTlsOptions tls, DateTimeOffset now)
    {
        try
        {
            return Age(SiloIdentity.Load(tls).Own.TargetCertificate, tls.CertificatePath, now);
        }
        catch (Exception e) when (IsOfTheFile(e))
        {
            return Finding.Problem(
                $"Cluster:Tls: {tls.CertificatePath}, {tls.KeyPath}, {tls.CaPath}: {e.Message} [ODTM1004]");
        }
    }

    private static Finding Certificate(string setting, string file, string key, string password, DateTimeOffset now)
    {
        try
        {
            var (certificate, chain) = CertificateFiles.Load(CertificateFiles.Paths(file, key), password);
            var finding = Age(certificate, file, now);
            certificate.Dispose();
            foreach (var other in chain)
            {
                other.Dispose();
            }

            return finding;
        }
        catch (Exception e) when (IsOfTheFile(e))
        {
            var (files, advice) = key.Length > 0
                ? ($"{file}, {key}", "Both must be readable PEM files, and the key must match the certificate")
                : (file, "It must be a readable .pfx file with its private key and this password");
            return Finding.Problem($"{setting}: {files}: {e.Message} {advice} [ODTM1004]");
        }
    }

    private static Finding Authorities(string setting, string file)
    {
        try
        {
            return Finding.Good(
                $"{setting}: {file} contains {CertificateFiles.LoadAuthorities([file]).Count} authorities");
        }
        catch (Exception e) when (IsOfTheFile(e))
        {
            return Finding.Problem(
                $"{setting}: {file}: {e.Message} It must be a PEM file with certificates [ODTM1004]");
        }
    }

    private static bool IsOfTheFile(Exception e) =>
        e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException
            or InvalidDataException;

    private static Finding Age(X509Certificate2 certificate, string file, DateTimeOffset now)
    {
        var (from, to) = (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        return now < from ? Finding.Problem($"{file} is not valid before {from:u}: correct the clock, or wait")
            : now > to ? Finding.Problem($"{file} expired at {to:u}: renew it")
            : (to - now).TotalDays < DaysMin ? Finding.Note($"{file} expires at {to:u}: renew it; no restart is needed")
            : Finding.Good($"{file} is valid until {to:u}");
    }
}

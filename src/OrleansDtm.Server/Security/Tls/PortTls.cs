using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Security.Tls;

/// <summary>
/// TLS of a port. Each new connection uses the current certificate file, so a renewal needs no restart.
/// </summary>
internal sealed class PortTls
{
    private readonly ReloadedFiles<SslStreamCertificateContext> _own;
    private readonly ReloadedFiles<X509Certificate2Collection>? _clients;

    private PortTls(string setting, string[] paths, string password, string clientCa)
    {
        _own = new ReloadedFiles<SslStreamCertificateContext>(
            setting, paths, files => Load(files, password), TimeProvider.System, log: null, "ODTM1004");
        _clients = clientCa.Length == 0
            ? null
            : new ReloadedFiles<X509Certificate2Collection>(
                "Tls:ClientCaPath",
                [clientCa],
                CertificateFiles.LoadAuthorities,
                TimeProvider.System,
                log: null,
                "ODTM1004");
    }

    /// <summary>Of the HTTP port; null = none.</summary>
    /// <exception cref="SettingsException">A file is invalid.</exception>
    public static PortTls? OfHttp(CoordinatorOptions options) => options.Tls.CertificatePath.Length == 0
        ? null
        : new PortTls(
            "Tls:CertificatePath",
            CertificateFiles.Paths(options.Tls.CertificatePath, options.Tls.KeyPath),
            options.Tls.Password,
            options.Tls.ClientCaPath);

    /// <summary>Of the gRPC port, which may have another certificate; null = none.</summary>
    /// <exception cref="SettingsException">A file is invalid.</exception>
    public static PortTls? OfGrpc(CoordinatorOptions options) => options.Grpc.TlsCertificate.Length == 0
        ? OfHttp(options)
        : new PortTls(
            "Grpc:TlsCertificate, Grpc:TlsKey",
            [options.Grpc.TlsCertificate, options.Grpc.TlsKey],
            "",
            options.Tls.ClientCaPath);

    public void Use(ListenOptions listen)
    {
        var log = listen.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger<PortTls>();
        _own.Log = log;
        _clients?.Log = log;
        listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(Options()) });
    }

    private SslServerAuthenticationOptions Options()
    {
        var options = new SslServerAuthenticationOptions { ServerCertificateContext = _own.Value };
        if (_clients is not null)
        {
            options.ClientCertificateRequired = true;
            options.CertificateChainPolicy = new X509ChainPolicy
            {
                DisableCertificateDownloads = true,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            options.RemoteCertificateValidationCallback =
                (_, certificate, chain, errors) => CertificateFiles.IsIssuedBy(
                    certificate, chain, _clients.Value, errors);
        }

        return options;
    }

    private static SslStreamCertificateContext Load(IReadOnlyList<string> files, string password)
    {
        var (certificate, chain) = CertificateFiles.Load(files, password);
        return SslStreamCertificateContext.Create(certificate, chain, offline: true);
    }
}

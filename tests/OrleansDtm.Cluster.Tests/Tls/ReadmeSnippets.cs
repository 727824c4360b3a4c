using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Orleans.Connections.Security;

namespace OrleansDtm.Cluster.Tests.Tls;

// <tls>
/// <summary>TLS of an Orleans client or silo; the files are read for each connection, so they may be renewed.</summary>
internal sealed record ClusterCertificates(string Certificate, string Key, string Ca, string ServerName)
{
    public void Use(IClientBuilder client) => client.UseTls(tls => tls.OnAuthenticateAsClient = AsClient);

    public void Use(ISiloBuilder silo) => silo.UseTls(tls =>
    {
        tls.LocalServerCertificateSelector = (_, _) => Own().TargetCertificate; // Required; AsServer replaces it.
        (tls.OnAuthenticateAsClient, tls.OnAuthenticateAsServer) = (AsClient, AsServer);
    });

    private void AsClient(object connection, TlsClientAuthenticationOptions options)
    {
        var ssl = (SslClientAuthenticationOptions)options.SslClientAuthenticationOptions;
        (ssl.ClientCertificates, ssl.ClientCertificateContext) = (null, Own());
        (ssl.TargetHost, ssl.CertificateChainPolicy) = (ServerName, Peers());
    }

    private void AsServer(object connection, TlsServerAuthenticationOptions options)
    {
        var ssl = (SslServerAuthenticationOptions)options.SslServerAuthenticationOptions;
        (ssl.ServerCertificate, ssl.ServerCertificateSelectionCallback) = (null, null);
        ssl.ServerCertificateContext = Own();
        (ssl.ClientCertificateRequired, ssl.CertificateChainPolicy) = (true, Peers());
    }

    private SslStreamCertificateContext Own()
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(Certificate);
        return SslStreamCertificateContext.Create(
            X509Certificate2.CreateFromPemFile(Certificate, Key), chain, offline: true);
    }

    private X509ChainPolicy Peers()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.ImportFromPemFile(Ca);
        return policy;
    }
}
// </tls>

using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace OrleansDtm.Invokers;

/// <summary>
/// Opens connections to addresses that were judged, and to those only: a name is looked up once, here, so that it cannot mean one thing
/// to the judge and another to the connection.
/// </summary>
public static class GuardedConnector
{
    /// <summary>On a request: the service whose endpoint is called.</summary>
    internal static readonly HttpRequestOptionsKey<string> Service = new("OrleansDtm.Service");

    /// <summary>Has a handler open its connections so, with the certificates that are configured for branches.</summary>
    public static SocketsHttpHandler Guard(this SocketsHttpHandler handler, InvokerOptions options)
    {
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(options);
        handler.ConnectCallback = (context, cancellationToken) => Connect(context, options, cancellationToken);
        return handler.UseCertificates(options);
    }

    /// <summary>The certificates alone, where somebody else opens the connections.</summary>
    public static SocketsHttpHandler UseCertificates(this SocketsHttpHandler handler, InvokerOptions options)
    {
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(options);

        // A certificate may name a URL to get its issuer from: that request would be judged by nobody.
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            DisableCertificateDownloads = true,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        if (options.ClientCertificate is { } own)
        {
            handler.SslOptions.LocalCertificateSelectionCallback = (_, host, _, _, _) => own(host)!; // None is allowed, whatever the type says.
        }

        if (options.TrustedRoots is { } roots)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) => IsTrusted(certificate, chain, errors, roots());
        }

        return handler;
    }

    private static async ValueTask<Stream> Connect(
        SocketsHttpConnectionContext context, InvokerOptions options, CancellationToken cancellationToken)
    {
        var place = context.DnsEndPoint;
        var service = context.InitialRequestMessage.Options.TryGetValue(Service, out var name) ? name : null;
        var addresses = await options.Targets.Resolve(place.Host, place.Port, options.ResolveHost, cancellationToken, service).ConfigureAwait(false);
        for (var i = 0; ; i++)
        {
            var socket = new Socket(addresses[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(addresses[i], place.Port, cancellationToken).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException) when (i + 1 < addresses.Count)
            {
                socket.Dispose(); // The next one may answer.
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }

    /// <summary>What the machine trusts, or a chain that ends in one of ours. The name must be right either way.</summary>
    private static bool IsTrusted(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, X509Certificate2Collection roots)
    {
        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || certificate is not X509Certificate2 presented)
        {
            return errors == SslPolicyErrors.None;
        }

        using var own = new X509Chain();
        own.ChainPolicy.DisableCertificateDownloads = true;
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(roots);
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // Private authorities seldom publish what they revoke.
        if (chain is not null)
        {
            own.ChainPolicy.ExtraStore.AddRange(chain.ChainPolicy.ExtraStore);
            foreach (var element in chain.ChainElements)
            {
                own.ChainPolicy.ExtraStore.Add(element.Certificate);
            }
        }

        return own.Build(presented);
    }
}

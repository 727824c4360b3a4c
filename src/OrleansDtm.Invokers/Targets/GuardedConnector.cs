using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace OrleansDtm.Invokers;

/// <summary>
/// Opens connections to checked addresses only. A name is resolved once, here, so that the checked address and the
/// connected one are the same.
/// </summary>
public static class GuardedConnector
{
    /// <summary>Option of a request: the service of the endpoint.</summary>
    internal static readonly HttpRequestOptionsKey<string> Service = new("OrleansDtm.Service");

    /// <summary>Lets a handler open its connections so, with the certificates of the settings.</summary>
    public static SocketsHttpHandler Guard(this SocketsHttpHandler handler, InvokerOptions options)
    {
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(options);
        handler.ConnectCallback = (context, cancellationToken) => Connect(context, options, cancellationToken);
        return handler.UseCertificates(options);
    }

    /// <summary>Only the certificates, for connections that the handler opens itself.</summary>
    public static SocketsHttpHandler UseCertificates(this SocketsHttpHandler handler, InvokerOptions options)
    {
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(options);

        // A certificate can name a URL of its issuer; that request would bypass the rules.
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            DisableCertificateDownloads = true,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        if (options.ClientCertificate is { } own)
        {
            // Null is allowed, despite the type.
            handler.SslOptions.LocalCertificateSelectionCallback = (_, host, _, _, _) => own(host)!;
        }

        if (options.TrustedRoots is { } roots)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) => IsTrusted(
                certificate, chain, errors, roots());
        }

        return handler;
    }

    private static async ValueTask<Stream> Connect(
        SocketsHttpConnectionContext context, InvokerOptions options, CancellationToken cancellationToken)
    {
        var place = context.DnsEndPoint;
        var service = context.InitialRequestMessage.Options.TryGetValue(Service, out var name) ? name : null;
        var addresses = await options.Targets.Resolve(
            place.Host, place.Port, options.ResolveHost, cancellationToken, service).ConfigureAwait(false);
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
                socket.Dispose(); // Try the next address.
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }

    /// <summary>
    /// The machine's trust, or a chain that ends at a configured authority. The name must match in both cases.
    /// </summary>
    private static bool IsTrusted(
        X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, X509Certificate2Collection roots)
    {
        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || certificate is not X509Certificate2 presented)
        {
            return errors == SslPolicyErrors.None;
        }

        using var own = new X509Chain();
        own.ChainPolicy.DisableCertificateDownloads = true;
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(roots);
        // Private authorities often publish no revocation list.
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
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

using System.Net;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Balancer;
using Grpc.Net.Client.Configuration;

namespace OrleansDtm.Invokers;

/// <summary>Opens channels: to one address, to several, or to all addresses of a name.</summary>
internal static class GrpcChannelFactory
{
    /// <summary>
    /// Reconnect delay of an address that refused. Short, so that a retry does not fail after the service is back.
    /// </summary>
    private static readonly TimeSpan ReconnectMin = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ReconnectMax = TimeSpan.FromSeconds(1);

    public static GrpcChannel Create(GrpcTarget target, InvokerOptions options, TimeProvider clock)
    {
        if (options.Handler is { } own)
        {
            return GrpcChannel.ForAddress($"{(target.Tls ? "https" : "http")}://{target.Hosts}", new GrpcChannelOptions
            {
                HttpHandler = own,
                DisposeHttpClient = false,
                MaxReceiveMessageSize = options.GrpcResponseBytesMax,
                MaxSendMessageSize = null,
            });
        }

        var several = target.Hosts.Contains(',', StringComparison.Ordinal);
        var balanced = several || target.Dns || target.Named
            || (options.Services is not null && ServiceUrl.IsName(target.Hosts) && !(target.Tls
                && options.Proxy is not null));
        var channel = new GrpcChannelOptions
        {
            HttpHandler = Handler(target, options, balanced),
            DisposeHttpClient = true,
            Credentials = target.Tls ? ChannelCredentials.SecureSsl : ChannelCredentials.Insecure,
            MaxReceiveMessageSize = options.GrpcResponseBytesMax,
            MaxSendMessageSize = null, // Every accepted payload can be sent.
            InitialReconnectBackoff = ReconnectMin,
            MaxReconnectBackoff = ReconnectMax,
        };
        if (!balanced)
        {
            return GrpcChannel.ForAddress($"{(target.Tls ? "https" : "http")}://{target.Hosts}", channel);
        }

        channel.ServiceConfig = new ServiceConfig { LoadBalancingConfigs = { new RoundRobinConfig() } };
        channel.ServiceProvider = new Resolvers(new GuardedResolver.Factory(target, options, clock));
        return GrpcChannel.ForAddress(
            $"{GuardedResolver.Factory.Scheme}:///{(several ? "branch" : target.Hosts)}", channel);
    }

    private static SocketsHttpHandler Handler(GrpcTarget target, InvokerOptions options, bool balanced)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionLifetime = options.ConnectionLifetime,
            MaxResponseHeadersLength = Math.Max(1, options.ResponseHeaderBytesMax / 1024),
            ActivityHeadersPropagator = null,

            // Services usually allow 100 concurrent calls on a connection; the bulkhead may have more.
            EnableMultipleHttp2Connections = true,

            // gids and headers may be non-ASCII.
            RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
        };
        if (balanced)
        {
            return handler.UseCertificates(options); // The resolver has checked the addresses.
        }

        // A single address needs no balancing: connect on call, without an additional backoff.
        handler.Properties["__GrpcLoadBalancingDisabled"] = true;
        var url = new Uri($"https://{target.Hosts}");
        if (!target.Tls || options.Proxy is not { } proxy || proxy.IsBypassed(url))
        {
            return handler.Guard(options);
        }

        // TLS uses a tunnel through the proxy. Plain HTTP/2 cannot: HTTP proxies do not support it.
        if (options.Targets.FindProxiedProblem(url) is { } denied)
        {
            handler.Dispose();
            throw new TargetDeniedException(denied);
        }

        (handler.Proxy, handler.UseProxy) = (proxy, true);
        return handler.UseCertificates(options);
    }

    /// <summary>The only service of a channel.</summary>
    private sealed class Resolvers(ResolverFactory factory) : IServiceProvider
    {
        public object? GetService(Type serviceType) =>
            serviceType == typeof(IEnumerable<ResolverFactory>) ? new[] { factory } : null;
    }
}

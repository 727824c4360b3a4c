using System.Net;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Balancer;
using Grpc.Net.Client.Configuration;

namespace OrleansDtm.Invokers;

/// <summary>Opens channels: to one address, to several, or to all that a name has.</summary>
internal static class GrpcChannelFactory
{
    /// <summary>How soon an address that refused is tried again. Short: a retry must not find the door shut that has just been opened.</summary>
    private static readonly TimeSpan ReconnectMin = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ReconnectMax = TimeSpan.FromSeconds(1);

    public static GrpcChannel Create(GrpcTarget target, InvokerOptions options, TimeProvider clock)
    {
        var several = target.Hosts.Contains(',', StringComparison.Ordinal);
        var balanced = several || target.Dns || target.Named
            || (options.Services is not null && ServiceUrl.IsName(target.Hosts) && !(target.Tls && options.Proxy is not null));
        var channel = new GrpcChannelOptions
        {
            HttpHandler = Handler(target, options, balanced),
            DisposeHttpClient = true,
            Credentials = target.Tls ? ChannelCredentials.SecureSsl : ChannelCredentials.Insecure,
            MaxReceiveMessageSize = options.GrpcResponseBytesMax,
            MaxSendMessageSize = null, // What was accepted can be sent.
            InitialReconnectBackoff = ReconnectMin,
            MaxReconnectBackoff = ReconnectMax,
        };
        if (!balanced)
        {
            return GrpcChannel.ForAddress($"{(target.Tls ? "https" : "http")}://{target.Hosts}", channel);
        }

        channel.ServiceConfig = new ServiceConfig { LoadBalancingConfigs = { new RoundRobinConfig() } };
        channel.ServiceProvider = new Resolvers(new GuardedResolver.Factory(target, options, clock));
        return GrpcChannel.ForAddress($"{GuardedResolver.Factory.Scheme}:///{(several ? "branch" : target.Hosts)}", channel);
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

            // A service allows a hundred calls on a connection by habit; the bulkhead may have more.
            EnableMultipleHttp2Connections = true,

            // gids and headers need not be ASCII.
            RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
        };
        if (balanced)
        {
            return handler.UseCertificates(options); // The resolver has judged the addresses.
        }

        // With one address there is nothing to balance: connecting when called, without a back-off of its own, is what retries want.
        handler.Properties["__GrpcLoadBalancingDisabled"] = true;
        var url = new Uri($"https://{target.Hosts}");
        if (!target.Tls || options.Proxy is not { } proxy || proxy.IsBypassed(url))
        {
            return handler.Guard(options);
        }

        // TLS goes through the proxy's tunnel. Plain HTTP/2 cannot: an HTTP proxy does not speak it.
        if (options.Targets.FindProxiedProblem(url) is { } denied)
        {
            handler.Dispose();
            throw new TargetDeniedException(denied);
        }

        (handler.Proxy, handler.UseProxy) = (proxy, true);
        return handler.UseCertificates(options);
    }

    /// <summary>The one service a channel asks for.</summary>
    private sealed class Resolvers(ResolverFactory factory) : IServiceProvider
    {
        public object? GetService(Type serviceType) => serviceType == typeof(IEnumerable<ResolverFactory>) ? new[] { factory } : null;
    }
}

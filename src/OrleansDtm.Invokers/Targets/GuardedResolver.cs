using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client.Balancer;
using Microsoft.Extensions.ServiceDiscovery;

namespace OrleansDtm.Invokers;

/// <summary>The checked addresses of a gRPC channel, of one name or of several hosts.</summary>
internal sealed class GuardedResolver : PollingResolver
{
    /// <summary>
    /// As in gRPC's own resolver: the host name for TLS and the request, if the address is an IP address.
    /// </summary>
    private static readonly BalancerAttributesKey<string> HostOverride = new("HostOverride");

    private readonly GrpcTarget _target;
    private readonly ServicePlaces? _services;
    private readonly InvokerOptions _options;
    private readonly TimeProvider _clock;
    private ITimer? _refresh;
    private IDisposable? _change;

    private GuardedResolver(GrpcTarget target, InvokerOptions options, TimeProvider clock, ResolverOptions resolver)
        : base(resolver.LoggerFactory, new Backoff())
    {
        _services = options.Services is { } services ? new ServicePlaces(services) : null;
        (_target, _options, _clock) = (target, options, clock);
    }

    protected override void OnStarted() =>
        _refresh = _clock.CreateTimer(
            static state => ((GuardedResolver)state!).Refresh(),
            this,
            _options.ConnectionLifetime,
            _options.ConnectionLifetime);

    protected override async Task ResolveAsync(CancellationToken cancellationToken)
    {
        var found = new List<BalancerAddress>();
        Exception? failure = null;
        foreach (var host in _target.Hosts.Split(','))
        {
            try
            {
                var endpoints = await Endpoints(host, cancellationToken).ConfigureAwait(false);
                failure = endpoints.Count == 0 && _target.Named ? new IOException(
                    $"no registry knows a service '{host}' (Services:{host}:grpc:0, Branches:DnsSrv)") : failure;
                if (endpoints.Count == 0 && !_target.Named)
                {
                    var (name, port) = Place(host, _target.Tls);
                    await Add(found, name, port, null, cancellationToken).ConfigureAwait(false);
                }

                foreach (var endpoint in endpoints)
                {
                    var (name, port, _) = ServicePlaces.Read(endpoint);
                    await Add(
                        found,
                        name,
                        port > 0 ? port : _target.Tls ? 443 : 80,
                        host,
                        cancellationToken).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is TargetDeniedException or System.Net.Sockets.SocketException
                or ArgumentException or NotSupportedException)
            {
                failure = e; // Try the next host.
            }
        }

        Listener(found.Count > 0
            ? ResolverResult.ForResult(found)
            : ResolverResult.ForFailure(
                new Status(StatusCode.Unavailable, failure?.Message ?? "the host has no address", failure)));
    }

    protected override void Dispose(bool disposing)
    {
        _refresh?.Dispose();
        _change?.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask<IReadOnlyList<ServiceEndpoint>> Endpoints(string host, CancellationToken cancellationToken)
    {
        if (_services is null || !ServiceUrl.IsName(host))
        {
            return [];
        }

        var (endpoints, changed) = await _services.FindGrpc(host, _target.Tls, cancellationToken).ConfigureAwait(false);
        _change?.Dispose();
        _change = changed.RegisterChangeCallback(static state => ((GuardedResolver)state!).Refresh(), this);
        return endpoints;
    }

    private async ValueTask Add(
        List<BalancerAddress> found, string host, int port, string? service, CancellationToken cancellationToken)
    {
        foreach (var address in await _options.Targets.Resolve(
            host, port, _options.ResolveHost, cancellationToken, service).ConfigureAwait(false))
        {
            var place = new BalancerAddress(address.ToString(), port);
            place.Attributes.Set(HostOverride, string.Create(CultureInfo.InvariantCulture, $"{host}:{port}"));
            found.Add(place);
        }
    }

    private static (string Host, int Port) Place(string host, bool tls)
    {
        var colon = host.LastIndexOf(':');
        return colon >= 0 && !host.EndsWith(']')
            ? (host[..colon], int.Parse(host[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture))
            : (host, tls ? 443 : 80);
    }

    /// <summary>Creates the resolver of a channel.</summary>
    public sealed class Factory(GrpcTarget target, InvokerOptions options, TimeProvider clock) : ResolverFactory
    {
        public const string Scheme = "guarded";

        public override string Name => Scheme;

        public override Resolver Create(ResolverOptions resolver) =>
            new GuardedResolver(target, options, clock, resolver);
    }

    /// <summary>Short, as for connections: a retry must not fail after the service is back.</summary>
    private sealed class Backoff : IBackoffPolicyFactory, IBackoffPolicy
    {
        private static readonly TimeSpan Max = TimeSpan.FromSeconds(5);
        private TimeSpan _next = TimeSpan.FromMilliseconds(100);

        public IBackoffPolicy Create() => new Backoff();

        public TimeSpan NextBackoff()
        {
            var now = _next;
            _next = now * 2 < Max ? now * 2 : Max;
            return now;
        }
    }
}

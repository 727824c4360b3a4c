using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client.Balancer;

namespace OrleansDtm.Invokers;

/// <summary>The addresses between which a gRPC channel's calls go round: those of one name or of several hosts, judged.</summary>
internal sealed class GuardedResolver : PollingResolver
{
    /// <summary>What the channel's own resolver of names uses: the host for TLS and the request, where the address is a number.</summary>
    private static readonly BalancerAttributesKey<string> HostOverride = new("HostOverride");

    private readonly (string Host, int Port)[] _places;
    private readonly InvokerOptions _options;
    private readonly TimeProvider _clock;
    private ITimer? _refresh;

    private GuardedResolver(GrpcTarget target, InvokerOptions options, TimeProvider clock, ResolverOptions resolver)
        : base(resolver.LoggerFactory, new Backoff())
    {
        _places = [.. target.Hosts.Split(',').Select(host => Place(host, target.Tls))];
        (_options, _clock) = (options, clock);
    }

    protected override void OnStarted() =>
        _refresh = _clock.CreateTimer(static state => ((GuardedResolver)state!).Refresh(), this, _options.ConnectionLifetime, _options.ConnectionLifetime);

    protected override async Task ResolveAsync(CancellationToken cancellationToken)
    {
        var found = new List<BalancerAddress>();
        Exception? failure = null;
        foreach (var (host, port) in _places)
        {
            try
            {
                foreach (var address in await _options.Targets.Resolve(host, port, _options.ResolveHost, cancellationToken).ConfigureAwait(false))
                {
                    var place = new BalancerAddress(address.ToString(), port);
                    place.Attributes.Set(HostOverride, string.Create(CultureInfo.InvariantCulture, $"{host}:{port}"));
                    found.Add(place);
                }
            }
            catch (Exception e) when (e is TargetDeniedException or System.Net.Sockets.SocketException or ArgumentException)
            {
                failure = e; // Another host may do.
            }
        }

        Listener(found.Count > 0
            ? ResolverResult.ForResult(found)
            : ResolverResult.ForFailure(new Status(StatusCode.Unavailable, failure?.Message ?? "the host has no address", failure)));
    }

    protected override void Dispose(bool disposing)
    {
        _refresh?.Dispose();
        base.Dispose(disposing);
    }

    private static (string Host, int Port) Place(string host, bool tls)
    {
        var colon = host.LastIndexOf(':');
        return colon >= 0 && !host.EndsWith(']')
            ? (host[..colon], int.Parse(host[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture))
            : (host, tls ? 443 : 80);
    }

    /// <summary>Makes the resolver of one channel.</summary>
    public sealed class Factory(GrpcTarget target, InvokerOptions options, TimeProvider clock) : ResolverFactory
    {
        public const string Scheme = "guarded";

        public override string Name => Scheme;

        public override Resolver Create(ResolverOptions resolver) => new GuardedResolver(target, options, clock, resolver);
    }

    /// <summary>Short, as for connections: a retry must not find the door shut that has just been opened.</summary>
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

using System.Diagnostics.CodeAnalysis;
using System.Net;
using DnsClient;
using DnsClient.Protocol;
using Microsoft.Extensions.Primitives;
using Microsoft.Extensions.ServiceDiscovery;

namespace OrleansDtm.Server.Services;

/// <summary>
/// Resolves services by DNS SRV records, as in Kubernetes and Consul. Only the lowest priority value is used; weights
/// are ignored.
/// </summary>
/// <param name="template">Record name; <c>{name}</c> and <c>{endpoint}</c> are replaced.</param>
/// <param name="dns">The DNS client.</param>
/// <param name="clock">Measures the age of responses.</param>
internal sealed class DnsSrvServices(string template, IDnsQuery dns, TimeProvider clock)
    : IServiceEndpointProviderFactory
{
    private static readonly TimeSpan TtlMin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan TtlMax = TimeSpan.FromMinutes(5);

    /// <summary>How long a negative response is cached.</summary>
    private static readonly TimeSpan NoneTtl = TimeSpan.FromSeconds(30);

    public bool TryCreateProvider(
        ServiceEndpointQuery query, [NotNullWhen(true)] out IServiceEndpointProvider? provider)
    {
        var endpoint = query.EndpointName ?? (query.IncludedSchemes is [.., var scheme] ? scheme : "http");
        provider = new Provider(
            template.Replace("{name}", query.ServiceName, StringComparison.Ordinal).Replace(
                "{endpoint}", endpoint, StringComparison.Ordinal), dns, clock);
        return true;
    }

    private sealed class Provider(string name, IDnsQuery dns, TimeProvider clock) : IServiceEndpointProvider
    {
        private CancellationTokenSource? _old;
        private List<SrvRecord> _last = [];

        public async ValueTask PopulateAsync(IServiceEndpointBuilder endpoints, CancellationToken cancellationToken)
        {
            if (endpoints.Endpoints.Count > 0)
            {
                return; // The settings have this service.
            }

            var (records, lifetime) = await Ask(cancellationToken);
            foreach (var record in records)
            {
                endpoints.Endpoints.Add(
                    ServiceEndpoint.Create(new DnsEndPoint(record.Target.Value.TrimEnd('.'), record.Port)));
            }

            _old?.Dispose();
            _old = new CancellationTokenSource(lifetime, clock);
            endpoints.AddChangeToken(new CancellationChangeToken(_old.Token));
        }

        /// <summary>The last response is used while DNS fails.</summary>
        private async Task<(List<SrvRecord> Records, TimeSpan Lifetime)> Ask(CancellationToken cancellationToken)
        {
            try
            {
                var answer = await dns.QueryAsync(name, QueryType.SRV, QueryClass.IN, cancellationToken);
                if (answer.HasError && answer.Header.ResponseCode != DnsHeaderResponseCode.NotExistentDomain)
                {
                    return (_last, TtlMin);
                }

                _last = answer.Answers.SrvRecords().GroupBy(static r => r.Priority).MinBy(static g => g.Key)?.ToList()
                    ?? [];
                return (_last, Lifetime(_last));
            }
            catch (DnsResponseException)
            {
                return (_last, TtlMin);
            }
        }

        public ValueTask DisposeAsync()
        {
            _old?.Dispose();
            return ValueTask.CompletedTask;
        }

        private static TimeSpan Lifetime(List<SrvRecord> records) => records.Count == 0
            ? NoneTtl
            : TimeSpan.FromSeconds(
                Math.Clamp(records.Min(static r => r.TimeToLive), TtlMin.TotalSeconds, TtlMax.TotalSeconds));
    }
}

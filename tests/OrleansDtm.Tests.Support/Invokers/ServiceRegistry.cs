using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.ServiceDiscovery;

namespace OrleansDtm.Tests.Support.Invokers;

/// <summary>A registry with one service.</summary>
internal sealed class ServiceRegistry(string name, Uri place)
    : IServiceEndpointProviderFactory, IServiceEndpointProvider
{
    public bool TryCreateProvider(
        ServiceEndpointQuery query, [NotNullWhen(true)] out IServiceEndpointProvider? provider)
    {
        provider = query.ServiceName == name && query.EndpointName is null ? this : null;
        return provider is not null;
    }

    public ValueTask PopulateAsync(IServiceEndpointBuilder endpoints, CancellationToken cancellationToken)
    {
        endpoints.Endpoints.Add(ServiceEndpoint.Create(new UriEndPoint(place)));
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

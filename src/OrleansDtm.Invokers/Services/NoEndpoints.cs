using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.ServiceDiscovery;

namespace OrleansDtm.Invokers;

/// <summary>
/// Adds no endpoints. Without it a name that no registry handles would be an error instead of a host name.
/// </summary>
public sealed class NoEndpoints : IServiceEndpointProviderFactory, IServiceEndpointProvider
{
    public bool TryCreateProvider(
        ServiceEndpointQuery query, [NotNullWhen(true)] out IServiceEndpointProvider? provider)
    {
        provider = this;
        return true;
    }

    public ValueTask PopulateAsync(IServiceEndpointBuilder endpoints, CancellationToken cancellationToken) =>
        ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

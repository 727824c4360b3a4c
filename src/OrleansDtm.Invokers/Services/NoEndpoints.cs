using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.ServiceDiscovery;

namespace OrleansDtm.Invokers;

/// <summary>
/// Adds nothing to any name: without it a name that no registry wants to look for would be an error instead of a
/// host's.
/// </summary>
public sealed class NoEndpoints : IServiceEndpointProviderFactory, IServiceEndpointProvider
{
    public bool TryCreateProvider(ServiceEndpointQuery query, [NotNullWhen(true)] out IServiceEndpointProvider? provider)
    {
        provider = this;
        return true;
    }

    public ValueTask PopulateAsync(IServiceEndpointBuilder endpoints, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

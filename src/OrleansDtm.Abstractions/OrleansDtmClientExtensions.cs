using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace OrleansDtm.Abstractions;

/// <summary>Adds the coordinator's API to an Orleans client.</summary>
public static class OrleansDtmClientExtensions
{
    /// <summary>
    /// Registers <see cref="ITransactions"/>, served by the coordinator's silos of the client's cluster.
    /// </summary>
    public static IClientBuilder AddOrleansDtmClient(this IClientBuilder client)
    {
        ArgumentNullException.ThrowIfNull(client);
        client.Services.AddTransactions();
        return client;
    }

    /// <summary>
    /// Registers <see cref="ITransactions"/> where an <see cref="IGrainFactory"/> is registered; silos have their own
    /// extensions.
    /// </summary>
    public static IServiceCollection AddTransactions(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ITransactions, Transactions>();
        return services;
    }
}

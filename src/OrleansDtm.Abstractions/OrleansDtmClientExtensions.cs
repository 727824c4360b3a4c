using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace OrleansDtm.Abstractions;

/// <summary>Makes an Orleans client a user of the coordinator.</summary>
public static class OrleansDtmClientExtensions
{
    /// <summary>Registers <see cref="ITransactions"/>, served by the coordinator's silos in the cluster the client connects to.</summary>
    public static IClientBuilder AddOrleansDtmClient(this IClientBuilder client)
    {
        ArgumentNullException.ThrowIfNull(client);
        client.Services.AddTransactions();
        return client;
    }

    /// <summary>Registers <see cref="ITransactions"/> where an <see cref="IGrainFactory"/> is registered; silos are given theirs by their own extensions.</summary>
    public static IServiceCollection AddTransactions(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ITransactions, Transactions>();
        return services;
    }
}

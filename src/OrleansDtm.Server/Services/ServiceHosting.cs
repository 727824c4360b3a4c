using DnsClient;
using Microsoft.Extensions.ServiceDiscovery;
using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Services;

/// <summary>Has branches call services by name, where the settings say where those live.</summary>
internal static class ServiceHosting
{
    public static void AddServiceNames(this WebApplicationBuilder builder, CoordinatorOptions options)
    {
        if (options.Services.Count == 0 && options.Branches.DnsSrv.Length == 0)
        {
            return; // No name is looked up then.
        }

        builder.Configuration.AddInMemoryCollection(options.Services);
        builder.Services.AddServiceDiscoveryCore().AddConfigurationServiceEndpointProvider();
        if (options.Branches.DnsSrv is { Length: > 0 } template)
        {
            builder.Services.AddDnsSrv(template, new LookupClient());
        }
    }

    /// <param name="services">Where to.</param>
    /// <param name="template">Of the names that are asked for.</param>
    /// <param name="dns">Asked for them.</param>
    public static void AddDnsSrv(this IServiceCollection services, string template, IDnsQuery dns) =>
        services.AddSingleton<IServiceEndpointProviderFactory>(provider =>
            new DnsSrvServices(template, dns, provider.GetRequiredService<TimeProvider>()));
}

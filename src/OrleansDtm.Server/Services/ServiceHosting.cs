using DnsClient;
using Microsoft.Extensions.ServiceDiscovery;
using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Services;

/// <summary>Lets branches use service names, if the settings have sources for them.</summary>
internal static class ServiceHosting
{
    public static void AddServiceNames(this WebApplicationBuilder builder, CoordinatorOptions options)
    {
        if (options.Services.Count == 0 && options.Branches.DnsSrv.Length == 0)
        {
            return; // No service lookup.
        }

        builder.Configuration.AddInMemoryCollection(options.Services);
        builder.Services.AddServiceDiscoveryCore().AddConfigurationServiceEndpointProvider();
        if (options.Branches.DnsSrv is { Length: > 0 } template)
        {
            builder.Services.AddDnsSrv(template, new LookupClient());
        }
    }

    /// <param name="services">The service collection.</param>
    /// <param name="template">Record name.</param>
    /// <param name="dns">The DNS client.</param>
    public static void AddDnsSrv(this IServiceCollection services, string template, IDnsQuery dns) =>
        services.AddSingleton<IServiceEndpointProviderFactory>(provider =>
            new DnsSrvServices(template, dns, provider.GetRequiredService<TimeProvider>()));
}

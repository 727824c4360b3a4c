using System.Data.Common;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>Registers the services of branches.</summary>
public static class BranchServiceCollectionExtensions
{
    /// <summary>
    /// Registers the services of <see cref="BranchEndpoints.MapBranch"/> and <see cref="BranchAttribute"/>, and
    /// <see cref="IDtm"/>. Endpoints and their services can take the <see cref="BranchContext"/>, with a barrier the
    /// <see cref="LocalTransaction"/>, and, to run barriers themselves (such as with EF Core), the
    /// <see cref="BranchBarrier"/>.
    /// </summary>
    /// <param name="services">The service collection.</param>
    /// <param name="database">See <see cref="BranchEndpointOptions.Database"/>; null = what is configured, or the
    /// registered DbDataSource.</param>
    /// <param name="configure">Null = the defaults.</param>
    public static IServiceCollection AddBranches(
        this IServiceCollection services, Func<IServiceProvider, DbConnection>? database = null,
        Action<BranchEndpointOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddDtmClient();
        services.AddHttpContextAccessor();
        services.AddOptions<BranchEndpointOptions>().Configure(options =>
        {
            options.Database = database ?? options.Database;
            configure?.Invoke(options);
        });
        services.TryAddScoped<LocalTransaction>();
        services.TryAddScoped(static provider => BranchCall.Context(
            provider.GetRequiredService<IHttpContextAccessor>().HttpContext
                ?? throw new InvalidOperationException("There is no current request.")));
        services.TryAddScoped(static provider => new BranchBarrier(
            provider.GetRequiredService<BranchContext>(),
            provider.GetRequiredService<IOptions<DtmOptions>>().Value.Barrier));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IBranchHeaderSource, PassedHeaders>());
        return services;
    }
}

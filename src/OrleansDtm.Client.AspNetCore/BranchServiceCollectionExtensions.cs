using System.Data.Common;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>Registers what branches need.</summary>
public static class BranchServiceCollectionExtensions
{
    /// <summary>
    /// For <see cref="BranchEndpoints.MapBranch"/> and <see cref="BranchAttribute"/>; adds <see cref="IDtm"/> too. Endpoints and whatever they use can
    /// then ask for the <see cref="BranchContext"/>, within a barrier for the <see cref="LocalTransaction"/>, and, to run barriers of their own (over
    /// EF Core, say), for the <see cref="BranchBarrier"/>.
    /// </summary>
    /// <param name="services">Where to.</param>
    /// <param name="database">See <see cref="BranchEndpointOptions.Database"/>; null = what is configured, or the registered DbDataSource.</param>
    /// <param name="configure">Null = the defaults.</param>
    public static IServiceCollection AddBranches(
        this IServiceCollection services, Func<IServiceProvider, DbConnection>? database = null, Action<BranchEndpointOptions>? configure = null)
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
            provider.GetRequiredService<IHttpContextAccessor>().HttpContext ?? throw new InvalidOperationException("There is no request under way.")));
        services.TryAddScoped(static provider => new BranchBarrier(
            provider.GetRequiredService<BranchContext>(), provider.GetRequiredService<IOptions<DtmOptions>>().Value.Barrier));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IBranchHeaderSource, PassedHeaders>());
        return services;
    }
}

using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace OrleansDtm.Client.EntityFrameworkCore;

/// <summary>Registers barriers in contexts.</summary>
public static class DbContextBarrierExtensions
{
    /// <summary>
    /// Lets a handler of MapBranch (package OrleansDtm.Client.AspNetCore) take a <see cref="DbContext"/>: it then runs
    /// with a barrier in a transaction of that context, and its changes are saved and committed on success. With an
    /// execution strategy that retries, the handler may run again with a cleared change tracker.
    /// </summary>
    /// <param name="services">The service collection. The context is registered as usual (AddDbContext).</param>
    public static IServiceCollection AddDbContextBarriers(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IContextBarrier, EfContextBarrier>());
        return services;
    }
}

using System.Data.Common;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace OrleansDtm.Client.Grpc;

/// <summary>Registers what gRPC needs.</summary>
public static class GrpcServiceCollectionExtensions
{
    /// <summary>
    /// Has <see cref="IDtm"/> talk to the coordinator over gRPC, and only so. Payloads may be any bytes then, messages
    /// of protocol buffers among them, and URLs of branches <c>host:port/package.Service/Method</c> (grpcs:// before it
    /// = TLS); those of HTTP can be used too. DTM's own servers lack query, list, force stop, retries, subscribers,
    /// concurrent messages and callback URLs over gRPC: <see cref="NotSupportedException"/>, see
    /// <see cref="DtmGrpcOptions.HttpFallback"/>. They know whole seconds only: parts of one count as one.
    /// </summary>
    /// <param name="services">Where to.</param>
    /// <param name="configure">Null = a coordinator on this machine, with DTM's port.</param>
    public static IServiceCollection AddDtmGrpcClient(this IServiceCollection services, Action<DtmGrpcOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddDtmClient();
        services.AddOptions<DtmGrpcOptions>()
            .Configure(options => configure?.Invoke(options))
            .Validate(
                static o => o.Server is { IsAbsoluteUri: true, Scheme: "http" or "https" },
                "DtmGrpcOptions.Server must be an absolute http(s) URL.")
            .ValidateOnStart();
        services.TryAddSingleton<Channels>();
        services.TryAddSingleton<HttpCoordinator>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IBranchTransport, GrpcBranchTransport>());
        return services.Replace(ServiceDescriptor.Singleton<ICoordinator, GrpcCoordinator>());
    }

    /// <summary>
    /// For branches that are gRPC services: name them by <see cref="GrpcBranchOptions.Add"/>, mark their methods by
    /// <see cref="GrpcBranchAttribute"/>, and add the <see cref="BranchInterceptor"/> to the server. They can then ask for the
    /// <see cref="LocalTransaction"/>.
    /// </summary>
    /// <param name="services">Where to.</param>
    /// <param name="database">See <see cref="GrpcBranchOptions.Database"/>; null = what is configured, or the registered DbDataSource.</param>
    /// <param name="configure">Null = the defaults.</param>
    public static IServiceCollection AddGrpcBranches(
        this IServiceCollection services, Func<IServiceProvider, DbConnection>? database = null, Action<GrpcBranchOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddDtmClient();
        services.AddOptions<GrpcBranchOptions>().Configure(options =>
        {
            options.Database = database ?? options.Database;
            configure?.Invoke(options);
        });
        services.TryAddScoped<LocalTransaction>();
        return services;
    }
}

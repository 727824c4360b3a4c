using System.Data.Common;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace OrleansDtm.Client.Grpc;

/// <summary>Registers the SDK over gRPC.</summary>
public static class GrpcServiceCollectionExtensions
{
    /// <summary>
    /// Makes <see cref="IDtm"/> call the coordinator over gRPC only. Payloads may be any bytes, including protobuf
    /// messages. Branch URLs are <c>host:port/package.Service/Method</c> (with grpcs:// for TLS) or HTTP URLs. DTM's
    /// own servers lack query, list, force stop, retries, subscribers, concurrent messages and callback URLs over gRPC:
    /// <see cref="NotSupportedException"/>, see <see cref="DtmGrpcOptions.HttpFallback"/>. They use whole seconds only;
    /// fractions are rounded up.
    /// </summary>
    /// <param name="services">The service collection.</param>
    /// <param name="configure">Null = a coordinator on this machine, with DTM's port.</param>
    public static IServiceCollection AddDtmGrpcClient(
        this IServiceCollection services, Action<DtmGrpcOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddProtobufPayloads();
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
    /// Lets payloads, inputs and results of workflows be protobuf messages, over any transport. Part of
    /// <see cref="AddDtmGrpcClient"/> and <see cref="AddGrpcBranches"/>.
    /// </summary>
    /// <param name="services">The service collection.</param>
    public static IServiceCollection AddProtobufPayloads(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddDtmClient();
        return services.Configure<DtmOptions>(static options =>
        {
            if (!options.Formats.OfType<ProtobufFormat>().Any())
            {
                options.Formats.Add(new ProtobufFormat());
            }
        });
    }

    /// <summary>
    /// Registers branches that are gRPC services: add each service with <see cref="GrpcBranchOptions.Add"/>, mark the
    /// methods with <see cref="GrpcBranchAttribute"/>, and add the <see cref="BranchInterceptor"/> to the server. The
    /// methods can use the <see cref="LocalTransaction"/>.
    /// </summary>
    /// <param name="services">The service collection.</param>
    /// <param name="database">See <see cref="GrpcBranchOptions.Database"/>; null = what is configured, or the
    /// registered DbDataSource.</param>
    /// <param name="configure">Null = the defaults.</param>
    public static IServiceCollection AddGrpcBranches(
        this IServiceCollection services, Func<IServiceProvider, DbConnection>? database = null,
        Action<GrpcBranchOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddProtobufPayloads();
        services.AddOptions<GrpcBranchOptions>().Configure(options =>
        {
            options.Database = database ?? options.Database;
            configure?.Invoke(options);
        });
        services.TryAddScoped<LocalTransaction>();
        return services;
    }
}

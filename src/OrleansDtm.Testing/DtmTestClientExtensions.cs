using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Client;

namespace OrleansDtm.Testing;

/// <summary>Connects applications under test.</summary>
public static class DtmTestClientExtensions
{
    /// <summary>
    /// Lets the <see cref="IDtm"/> of an application use a test host, whatever its own settings are: call it in
    /// <c>ConfigureTestServices</c> of a <c>WebApplicationFactory</c>.
    /// </summary>
    /// <param name="services">The services of the application; <c>AddDtmClient</c> is called if they lack it.</param>
    /// <param name="dtm">The test host.</param>
    /// <param name="configure">Sets further options, after the application. Null (default) = none.</param>
    /// <exception cref="InvalidOperationException">The application uses gRPC (AddDtmGrpcClient).</exception>
    public static IServiceCollection AddDtmTestClient(
        this IServiceCollection services, DtmTestHost dtm, Action<DtmOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(dtm);
        services.AddDtmClient();
        if (services.Last(static service => service.ServiceType == typeof(ICoordinator)).ImplementationType
            != typeof(HttpCoordinator))
        {
            throw new InvalidOperationException(
                "The application calls its coordinator over gRPC, which this method does not redirect. Configure "
                + "DtmGrpcOptions instead: Server = dtm.Address, and ConfigureChannel = channel => channel.HttpHandler "
                + "= dtm.CreateHandler().");
        }

        services.PostConfigure<DtmOptions>(options =>
        {
            options.Server = dtm.Address;
            configure?.Invoke(options);
        });
        services.AddHttpClient(DtmHttpClients.Coordinator).ConfigurePrimaryHttpMessageHandler(dtm.CreateHandler);
        services.AddHttpClient(DtmHttpClients.Branches).ConfigurePrimaryHttpMessageHandler(dtm.CreateBranchHandler);
        return services;
    }
}

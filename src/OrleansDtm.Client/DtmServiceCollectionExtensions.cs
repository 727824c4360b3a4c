using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace OrleansDtm.Client;

/// <summary>Registers the SDK.</summary>
public static class DtmServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="IDtm"/>. <see cref="DtmHttpClients"/> has the names of its HTTP clients, for additional
    /// handlers. Further calls add configuration.
    /// </summary>
    /// <param name="services">The service collection.</param>
    /// <param name="configure">Null = a coordinator on this machine, with DTM's port.</param>
    public static IServiceCollection AddDtmClient(
        this IServiceCollection services, Action<DtmOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<DtmOptions>()
            .Configure(options => configure?.Invoke(options))
            .Validate(
                static o => o.Server is { IsAbsoluteUri: true, Scheme: "http" or "https" },
                "DtmOptions.Server must be an absolute http(s) URL.")
            .Validate(
                static o =>
                    o.RequestTimeout > TimeSpan.Zero && o.WaitTimeout > TimeSpan.Zero && o.BranchTimeout > TimeSpan.Zero
                        && o.WorkflowPatience > TimeSpan.Zero,
                "The timeouts of DtmOptions must be greater than zero.")
            .Validate(
                static o => o.ApiKey?.Any(static c => c is <= ' ' or > '~') != true,
                "DtmOptions.ApiKey must be of printable ASCII characters, without spaces.")
            .Validate(static o => o.Json is not null, "DtmOptions.Json must not be null.")
            .ValidateOnStart();

        // Each request has its own timeout: a submit that waits takes longer than a ping.
        services.AddHttpClient(DtmHttpClients.Coordinator, Limit);
        services.AddHttpClient(DtmHttpClients.Branches, Limit);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ICoordinator, HttpCoordinator>();
        services.TryAddSingleton<BranchCaller>();
        services.TryAddSingleton<WorkflowRuntime>();
        services.TryAddSingleton<IDtm, Dtm>();
        return services;

        static void Limit(HttpClient http)
        {
            http.Timeout = Timeout.InfiniteTimeSpan;
            http.MaxResponseContentBufferSize = DtmHttpClients.ResponseBytesMax;
        }
    }
}

/// <summary>
/// Names of the clients that <see cref="DtmServiceCollectionExtensions.AddDtmClient"/> adds to the IHttpClientFactory.
/// By default they read responses of up to 16 MB; a longer response is an error.
/// </summary>
public static class DtmHttpClients
{
    internal const int ResponseBytesMax = 16 << 20;

    /// <summary>Requests to the coordinator.</summary>
    public const string Coordinator = "OrleansDtm.Coordinator";

    /// <summary>
    /// Calls of participants: the try of a TCC, the action of an XA branch, query_prepared of a message.
    /// </summary>
    public const string Branches = "OrleansDtm.Branches";
}

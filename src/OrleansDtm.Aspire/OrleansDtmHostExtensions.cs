using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Aspire;
using OrleansDtm.Client;
using OrleansDtm.Shared;

namespace Microsoft.Extensions.Hosting;

/// <summary>Connects an application to the coordinator of its AppHost.</summary>
public static class OrleansDtmHostExtensions
{
    /// <summary>
    /// Adds <see cref="IDtm"/> for the coordinator of a connection, with its key; service discovery for the
    /// coordinator and for branches that the SDK calls (<c>http://bank/try</c>); a health check of the connection's
    /// name; and the SDK's traces and metrics (<see cref="DtmDiagnostics"/>).
    /// </summary>
    /// <param name="builder">The application.</param>
    /// <param name="connectionName">The name of the resource in the AppHost: <c>AddOrleansDtm("dtm")</c>.</param>
    /// <param name="configureSettings">Changes the settings that were read; null (default) = none.</param>
    /// <param name="configureClient">Further options of the SDK; null (default) = none.</param>
    /// <exception cref="InvalidOperationException">The connection string has another format; the message says which.
    /// </exception>
    public static void AddOrleansDtmClient(
        this IHostApplicationBuilder builder, string connectionName,
        Action<OrleansDtmClientSettings>? configureSettings = null, Action<DtmOptions>? configureClient = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(connectionName);
        var settings = OrleansDtmClientSettings.Read(builder.Configuration, connectionName);
        configureSettings?.Invoke(settings);

        var services = builder.Services;
        services.AddDtmClient(options =>
        {
            options.Server = settings.Endpoint ?? new Uri($"http://{connectionName}");
            options.ApiKey = settings.Key;
            configureClient?.Invoke(options);
        });
        services.AddServiceDiscovery();
        services.AddHttpClient(DtmHttpClients.Coordinator).AddServiceDiscovery();
        services.AddHttpClient(DtmHttpClients.Branches).AddServiceDiscovery();
        if (!settings.DisableHealthChecks)
        {
            services.AddHealthChecks().Add(CoordinatorCheck.Registration(connectionName, null, null, null));
        }

        if (!settings.DisableTracing)
        {
            services.AddOpenTelemetry().WithTracing(
                static traces => traces.AddSource(DtmDiagnostics.ActivitySourceName));
        }

        if (!settings.DisableMetrics)
        {
            services.AddOpenTelemetry().WithMetrics(static metrics => metrics.AddMeter(DtmDiagnostics.MeterName));
        }
    }
}

using OpenTelemetry.Metrics;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Server.Apis.Docs;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.OpenApi;
using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Metrics;

/// <summary>Collects metrics and exports them to Prometheus.</summary>
internal static class MetricsHosting
{
    private const string Path = "/api/metrics";

    public static void AddCoordinatorMetrics(this IServiceCollection services)
    {
        services.AddMetrics();
        services.AddSingleton<ApiMetrics>();
        services.AddSingleton<UnfinishedGauges>();
        services.AddSingleton<UnfinishedAgeGauges>();
        services.AddSingleton<ProcessGauges>();
        services.AddOpenTelemetry().WithMetrics(static metrics => metrics
            .AddMeter(DtmMeter.Name)

            // .NET's runtime metrics: heap, collections, thread pool.
            .AddMeter("System.Runtime")
            .AddPrometheusExporter(static exporter =>
            {
                // The names are exactly DTM's, without additional suffixes and labels.
                exporter.DisableTotalNameSuffixForCounters = true;
                exporter.ScopeInfoEnabled = false;
                exporter.TargetInfoEnabled = false;
            }));
    }

    public static void MapCoordinatorMetrics(this WebApplication app)
    {
        var unfinished = app.Services.GetRequiredService<UnfinishedGauges>();
        var ages = app.Services.GetRequiredService<UnfinishedAgeGauges>();
        _ = app.Services.GetRequiredService<ProcessGauges>();
        var scraping = app.MapPrometheusScrapingEndpoint(
            Path,
            meterProvider: null,
            configureBranchedPipeline: scrape => scrape.Use(async (context, next) =>
            {
                if (RequestNamespace.IsBound(context))
                {
                    await AccessAnswers.Forbidden(
                        context, "metrics are those of all namespaces; the caller is bound to one");
                    return;
                }

                await unfinished.Refresh(context.RequestAborted);
                await ages.Refresh(context.RequestAborted);
                await next(context);
            }),
            optionsName: null).Describe(ServerDocs.Metrics);
        _ = app.Services.GetRequiredService<CoordinatorOptions>().Security.AnonymousMetrics
            ? scraping.OpenToAll()
            : scraping.RequireRole(RoleNames.Read);
    }
}

using OrleansDtm.Server.Hosting;

namespace OrleansDtm.Server.Configuration;

/// <summary>Settings that are valid, and change nothing together with the others.</summary>
internal static class NoEffects
{
    private static readonly string[] OfServers =
    [
        "Store:Host", "Store:Port", "Store:Db", "Store:MaxOpenConns", "Store:MaxIdleConns", "Store:ConnMaxLifeTime",
    ];

    private static readonly string[] OfExport = ["Telemetry:OtlpProtocol", "Telemetry:TraceRatio", "Telemetry:Logs"];

    /// <summary>Variables of OpenTelemetry that name an endpoint.</summary>
    private static readonly string[] Endpoints =
    [
        "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    ];

    /// <returns>A sentence for each setting that is given.</returns>
    public static IEnumerable<string> Of(IConfiguration given, CoordinatorOptions options) =>
        from rule in Rules(options)
        where rule.Applies
        from setting in rule.Settings
        where !string.IsNullOrEmpty(given[setting])
        select $"{setting} has no effect{rule.Why}. Remove it.";

    private static IEnumerable<(bool Applies, string[] Settings, string Why)> Rules(CoordinatorOptions options)
    {
        var (store, security) = (options.Store, options.Security);
        var driver = StoreFactory.Driver(store);
        return
        [
            (true, [nameof(CoordinatorOptions.ConfigUpdateInterval)], ": topics are always current"),
            (driver.IsFile, OfServers, $" with Store:Driver={driver.Name}"),
            (!driver.IsFile, ["Store:Path"], $" with Store:Driver={driver.Name}"),
            (!driver.HasSchemas, ["Store:Schema"], $" with Store:Driver={driver.Name}"),
            (
                !options.Cluster.IsShared,
                ["Cluster:ConnectionString", "Cluster:AdvertisedAddress"],
                $" with Cluster:Mode={ClusterOptions.Local}"),
            (options.AlertWebHook.Length == 0, ["AlertRetryLimit"], " without AlertWebHook"),
            (!options.Admin.Enabled, ["Admin:BasePath", "Admin:TraceUrl"], " with Admin:Enabled=false"),
            (options.Telemetry.OtlpEndpoint.Length == 0 && !Endpoints.Any(IsGiven), OfExport,
                " without Telemetry:OtlpEndpoint"),
            (security.KeysFile.Length == 0, ["Security:KeysFileGrace"], " without Security:KeysFile"),
            (!security.IsOn, ["Security:AnonymousMetrics", "Security:SessionLifetime"],
                " without keys, tokens or sign-in"),
            (options.Tls.CertificatePath.Length == 0, ["Tls:Password"], " without Tls:CertificatePath"),
        ];
    }

    private static bool IsGiven(string variable) =>
        !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable));
}

using System.Collections;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using OrleansDtm.Server.Apis;
using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Telemetry;

/// <summary>Exports traces, metrics and, if enabled, logs; writes the log to the console.</summary>
internal static class TelemetryHosting
{
    private const string StandardPrefix = "OTEL_";
    private const string TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";

    public static void AddCoordinatorTelemetry(this WebApplicationBuilder builder, TelemetryOptions options)
    {
        // Only OpenTelemetry's standard variables of the environment.
        var standard = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(static variable => ((string)variable.Key).StartsWith(StandardPrefix, StringComparison.Ordinal))
            .ToDictionary(
                static variable => (string)variable.Key,
                static variable => (string?)variable.Value,
                StringComparer.OrdinalIgnoreCase);
        builder.Configuration.AddInMemoryCollection(standard);
        if (IsTrue(standard, "OTEL_SDK_DISABLED"))
        {
            return;
        }

        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(static resource => resource
            .Clear()
            .AddService("orleansdtm", serviceVersion: HttpApi.Version)
            .AddTelemetrySdk()
            .AddEnvironmentVariableDetector());
        if (IsSent("TRACES"))
        {
            telemetry.WithTracing(tracing =>
            {
                tracing.AddSource("OrleansDtm", "OrleansDtm.*").AddOtlpExporter(
                    otlp => Direct(otlp, options, "v1/traces"));
                if (options.TraceRatio is { } ratio)
                {
                    tracing.SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(ratio)));
                }
            });
        }

        if (IsSent("METRICS"))
        {
            telemetry.WithMetrics(metrics => metrics.AddOtlpExporter(otlp => Direct(otlp, options, "v1/metrics")));
            builder.Services.AddHostedService<GaugeRefresher>();
        }

        if (options.Logs && IsSent("LOGS"))
        {
            telemetry.WithLogging(
                logging => logging.AddOtlpExporter(otlp => Direct(otlp, options, "v1/logs")),
                static log => log.IncludeScopes = true);
        }

        bool IsSent(string signal) =>
            !string.Equals(
                standard.GetValueOrDefault($"OTEL_{signal}_EXPORTER"), "none", StringComparison.OrdinalIgnoreCase)
            && (options.OtlpEndpoint.Length > 0
                || !string.IsNullOrEmpty(standard.GetValueOrDefault("OTEL_EXPORTER_OTLP_ENDPOINT"))
                || !string.IsNullOrEmpty(standard.GetValueOrDefault($"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")));
    }

    /// <summary>Log lines with their scopes: transaction and trace.</summary>
    public static void AddCoordinatorConsole(this ILoggingBuilder logging, TelemetryOptions options)
    {
        logging.Configure(static factory =>
            factory.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
        if (options.LogFormat == "json")
        {
            logging.AddJsonConsole(static console =>
            {
                console.IncludeScopes = true;
                console.TimestampFormat = TimestampFormat.TrimEnd();
                console.UseUtcTimestamp = true;
            });
            return;
        }

        logging.AddSimpleConsole(static console =>
        {
            console.IncludeScopes = true;
            console.SingleLine = true;
            console.TimestampFormat = TimestampFormat;
            console.UseUtcTimestamp = true;
        });
    }

    /// <summary>Settings that are not given keep the values of the standard variables.</summary>
    private static void Direct(OtlpExporterOptions otlp, TelemetryOptions options, string path)
    {
        if (options.OtlpProtocol.Length > 0)
        {
            otlp.Protocol = options.OtlpProtocol == "grpc" ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        }

        if (options.OtlpEndpoint.Length > 0)
        {
            var root = options.OtlpEndpoint.TrimEnd('/');
            otlp.Endpoint = new Uri(otlp.Protocol == OtlpExportProtocol.HttpProtobuf ? $"{root}/{path}" : root);
        }
    }

    private static bool IsTrue(Dictionary<string, string?> variables, string name) =>
        string.Equals(variables.GetValueOrDefault(name), "true", StringComparison.OrdinalIgnoreCase);
}

using System.Globalization;

namespace OrleansDtm.Server.Configuration;

/// <summary>Export of traces, metrics and logs, and the log format.</summary>
public sealed record TelemetryOptions
{
    /// <summary>
    /// OTLP endpoint of a collector, http(s)://host:port. Empty (default) = OTEL_EXPORTER_OTLP_ENDPOINT; without that
    /// no export.
    /// </summary>
    public string OtlpEndpoint { get; init; } = "";

    /// <summary><c>grpc</c> or <c>http/protobuf</c>. Empty (default) = OTEL_EXPORTER_OTLP_PROTOCOL, or grpc.</summary>
    public string OtlpProtocol { get; init; } = "";

    /// <summary>
    /// Sampling ratio of traces that start here, 0 to 1; a caller's trace keeps its own sampling decision. Null
    /// (default) = OTEL_TRACES_SAMPLER, or all.
    /// </summary>
    public double? TraceRatio { get; init; }

    /// <summary>Exports logs too. Default false: they are on the console only.</summary>
    public bool Logs { get; init; }

    /// <summary>Format of the console log: <c>text</c> (default) or <c>json</c>, one object a line.</summary>
    public string LogFormat { get; init; } = "text";
}

/// <summary>Reads the settings below Telemetry and Logging.</summary>
internal static class TelemetrySettings
{
    public static readonly string[] Keys =
        [
            "Telemetry:OtlpEndpoint", "Telemetry:OtlpProtocol", "Telemetry:TraceRatio", "Telemetry:Logs",
            "Logging:Format",
        ];

    public static TelemetryOptions Read(SettingsReader read, TelemetryOptions defaults)
    {
        var options = new TelemetryOptions
        {
            OtlpEndpoint = read.Text("Telemetry:OtlpEndpoint", defaults.OtlpEndpoint),
            OtlpProtocol = read.Choice("Telemetry:OtlpProtocol", defaults.OtlpProtocol, "grpc", "http/protobuf"),
            TraceRatio = Ratio(read),
            Logs = read.Choice("Telemetry:Logs", "false", "true", "false") == "true",
            LogFormat = read.Choice("Logging:Format", defaults.LogFormat, "text", "json"),
        };
        if (options.OtlpEndpoint.Length > 0
            && !(Uri.TryCreate(options.OtlpEndpoint, UriKind.Absolute, out var url)
                && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps)))
        {
            read.Problem(
                "Telemetry:OtlpEndpoint",
                options.OtlpEndpoint,
                "an absolute http(s) URL such as http://collector:4317");
        }

        return options;
    }

    private static double? Ratio(SettingsReader read)
    {
        if (read.Text("Telemetry:TraceRatio", "") is not { Length: > 0 } text)
        {
            return null;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var ratio)
            && ratio is >= 0 and <= 1)
        {
            return ratio;
        }

        read.Problem("Telemetry:TraceRatio", text, "a number from 0 to 1 (default: OTEL_TRACES_SAMPLER, or all)");
        return null;
    }
}

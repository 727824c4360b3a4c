using System.Globalization;

namespace OrleansDtm.Server.Configuration;

/// <summary>What is told to a collector, and how the log is written.</summary>
public sealed record TelemetryOptions
{
    /// <summary>
    /// Where an OpenTelemetry collector takes OTLP, http(s)://host:port. Empty (default) = where the standard's own variables say
    /// (OTEL_EXPORTER_OTLP_ENDPOINT), and when they say nothing nowhere.
    /// </summary>
    public string OtlpEndpoint { get; init; } = "";

    /// <summary><c>grpc</c> or <c>http/protobuf</c>. Empty (default) = OTEL_EXPORTER_OTLP_PROTOCOL, or grpc.</summary>
    public string OtlpProtocol { get; init; } = "";

    /// <summary>
    /// Share of the traces begun here that are recorded, 0 to 1; who submits within a trace has decided already. Null (default) =
    /// OTEL_TRACES_SAMPLER, or all.
    /// </summary>
    public double? TraceRatio { get; init; }

    /// <summary>Log lines go to the collector too. Default false: they are on the console.</summary>
    public bool Logs { get; init; }

    /// <summary>The console's lines: <c>text</c> (default) or <c>json</c>, one object a line.</summary>
    public string LogFormat { get; init; } = "text";
}

/// <summary>Reads the settings below Telemetry and Logging.</summary>
internal static class TelemetrySettings
{
    public static readonly string[] Keys =
        ["Telemetry:OtlpEndpoint", "Telemetry:OtlpProtocol", "Telemetry:TraceRatio", "Telemetry:Logs", "Logging:Format"];

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
            && !(Uri.TryCreate(options.OtlpEndpoint, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps)))
        {
            read.Problem("Telemetry:OtlpEndpoint", options.OtlpEndpoint, "an absolute http(s) URL such as http://collector:4317");
        }

        return options;
    }

    private static double? Ratio(SettingsReader read)
    {
        if (read.Text("Telemetry:TraceRatio", "") is not { Length: > 0 } text)
        {
            return null;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var ratio) && ratio is >= 0 and <= 1)
        {
            return ratio;
        }

        read.Problem("Telemetry:TraceRatio", text, "a number from 0 to 1 (default: OTEL_TRACES_SAMPLER, or all)");
        return null;
    }
}

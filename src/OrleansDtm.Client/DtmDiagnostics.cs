using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace OrleansDtm.Client;

/// <summary>
/// Names of the SDK's traces and metrics, for <c>AddSource</c> and <c>AddMeter</c> of OpenTelemetry. A span covers one
/// request to the coordinator (<c>dtm submit</c>, with <c>orleansdtm.gid</c> and <c>orleansdtm.type</c>); the histogram
/// <c>orleansdtm.client.request.duration</c> has its seconds, by <c>orleansdtm.operation</c>, and by <c>error.type</c>
/// if it failed.
/// </summary>
public static class DtmDiagnostics
{
    /// <summary>Name of the activity source.</summary>
    public const string ActivitySourceName = "OrleansDtm.Client";

    /// <summary>Name of the meter.</summary>
    public const string MeterName = "OrleansDtm.Client";

    internal const string Gid = "orleansdtm.gid";
    internal const string Type = "orleansdtm.type";
    internal const string Operation = "orleansdtm.operation";
    internal const string Error = "error.type";

    private static readonly Meter Meter = new(MeterName);

    internal static ActivitySource Source { get; } = new(ActivitySourceName);

    internal static Histogram<double> RequestDuration { get; } = Meter.CreateHistogram<double>(
        "orleansdtm.client.request.duration", "s", "Duration of requests to the coordinator.");
}

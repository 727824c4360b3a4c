using System.Diagnostics.Metrics;
using OrleansDtm.Grains.Metrics;

namespace OrleansDtm.Server.Metrics;

/// <summary>Counts and times requests of all protocols, with DTM's metric names.</summary>
internal sealed class ApiMetrics
{
    /// <summary>The api label of unknown routes and methods, which must not become series.</summary>
    public const string Unknown = "unknown";

    private readonly Counter<long> _requests;
    private readonly Histogram<double> _durations;

    public ApiMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(DtmMeter.Name);
        _requests = meter.CreateCounter<long>("dtm_server_process_total", description: "Requests by result.");
        _durations = meter.CreateHistogram(
            "dtm_server_response_duration",
            description: "Request latency in seconds.",
            advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
            });
    }

    /// <summary>Whether there is a listener.</summary>
    public bool Enabled => _requests.Enabled || _durations.Enabled;

    /// <param name="type">http, grpc or json-rpc.</param>
    /// <param name="api">A known name in lower case, or <see cref="Unknown"/>.</param>
    /// <param name="status">ok or fail.</param>
    /// <param name="elapsed">From the request's arrival to its response.</param>
    public void Record(string type, string api, string status, TimeSpan elapsed)
    {
        var typeTag = new KeyValuePair<string, object?>("type", type);
        var apiTag = new KeyValuePair<string, object?>("api", api);
        _requests.Add(1, typeTag, apiTag, new KeyValuePair<string, object?>("status", status));
        _durations.Record(elapsed.TotalSeconds, typeTag, apiTag);
    }
}

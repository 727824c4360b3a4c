using System.Diagnostics.Metrics;
using OrleansDtm.Grains.Activity;
using OrleansDtm.Grains.Metrics;

namespace OrleansDtm.Server.Admin;

/// <summary>Forwards the measurements of requests to the <see cref="ActivityWindow"/>.</summary>
internal sealed class RequestListener(ActivityWindow window) : IHostedService, IDisposable
{
    private const string Requests = "dtm_server_process_total";
    private const string Durations = "dtm_server_response_duration";

    /// <summary>Probes and scrapes are not counted as use of the coordinator.</summary>
    private static readonly HashSet<string> NobodysRequests = new(StringComparer.Ordinal)
    {
        "live", "ready", "metrics", "ping",
    };

    private readonly MeterListener _listener = new();

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == DtmMeter.Name && instrument.Name is Requests or Durations)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            if (Counts(tags))
            {
                window.OnRequest(Tag(tags, "status") is "fail");
            }
        });
        _listener.SetMeasurementEventCallback<double>((_, seconds, tags, _) =>
        {
            if (Counts(tags))
            {
                window.OnRequestAnswered(TimeSpan.FromSeconds(seconds));
            }
        });
        _listener.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _listener.Dispose();

    private static bool Counts(ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        Tag(tags, "api") is not string api || !NobodysRequests.Contains(api);

    private static object? Tag(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name)
    {
        foreach (var (key, value) in tags)
        {
            if (key == name)
            {
                return value;
            }
        }

        return null;
    }
}

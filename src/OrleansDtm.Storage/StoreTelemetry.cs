using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace OrleansDtm.Storage;

/// <summary>The spans and metrics of one <see cref="GroupCommitWriter"/>.</summary>
/// <param name="system">The database in OpenTelemetry's terms: sqlite, mysql, postgresql.</param>
/// <param name="shard">The index of the shard.</param>
/// <param name="queued">Returns the number of queued writes.</param>
internal sealed class StoreTelemetry(string system, int shard, Func<int> queued)
{
    /// <summary>One span for each write, also if many are committed together.</summary>
    private static readonly ActivitySource Source = new("OrleansDtm.Storage");

    private static readonly Meter Meter = new("OrleansDtm");
    private static readonly List<StoreTelemetry> Writers = [];

    private static readonly Histogram<double> Durations = Meter.CreateHistogram(
        "dtm_store_commit_duration_seconds",
        description: "Seconds the commit of a batch of writes took.",
        advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
        });

    private static readonly Histogram<long> Writes = Meter.CreateHistogram(
        "dtm_store_commit_writes",
        description: "Writes that were committed together.",
        advice: new InstrumentAdvice<long>
        {
            HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
        });

    private static readonly Counter<long> Failures = Meter.CreateCounter<long>(
        "dtm_store_commit_failures_total", description: "Batches that could not be committed.");

    /// <summary>One gauge for all writers of the process, because two of them may have the same labels.</summary>
    private static readonly ObservableGauge<int> Queues = Meter.CreateObservableGauge(
        "dtm_store_queue_length", MeasureQueues, description: "Writes that wait to be committed.");

    private readonly KeyValuePair<string, object?> _system = new("db", system);
    private readonly KeyValuePair<string, object?> _shard = new("shard", shard.ToString(CultureInfo.InvariantCulture));

    /// <summary>Starts to count its queue.</summary>
    public void Opened()
    {
        _ = Queues;
        lock (Writers)
        {
            Writers.Add(this);
        }

        Failures.Add(0, _system, _shard); // A series that starts at its first failure shows no increase.
    }

    public void Closed()
    {
        lock (Writers)
        {
            Writers.Remove(this);
        }
    }

    /// <summary>The span of a write, from queued to durable. Null if there is no listener or no parent span.</summary>
    public Activity? StartWrite(EncodedWrite write)
    {
        if (!Source.HasListeners() || Activity.Current is not { } parent)
        {
            return null;
        }

        var span = Source.StartActivity("commit", ActivityKind.Client, parent.Context);
        Activity.Current = parent; // The caller continues concurrently.
        if (span is { IsAllDataRequested: true })
        {
            span.SetTag("db.system.name", system);
            span.SetTag("db.operation.name", write.IsInsert ? "INSERT" : "UPDATE");
            span.SetTag("orleansdtm.gid", write.Gid);
            span.SetTag("orleansdtm.shard", shard);
        }

        return span;
    }

    /// <summary>Ends the span, on the writer's thread.</summary>
    /// <param name="batch">The size of its batch.</param>
    /// <param name="problem">Null = it is durable.</param>
    public static void EndWrite(Activity span, int batch, string? problem)
    {
        span.SetTag("db.operation.batch.size", batch);
        if (problem is not null)
        {
            span.SetStatus(ActivityStatusCode.Error);
            span.SetTag("error.type", problem);
        }

        span.Stop();
        Activity.Current = null; // Stopping made its parent current on this thread, where it does not belong.
    }

    public void Committed(int writes, TimeSpan took)
    {
        Durations.Record(took.TotalSeconds, _system, _shard);
        Writes.Record(writes, _system, _shard);
    }

    public void Failed() => Failures.Add(1, _system, _shard);

    private static List<Measurement<int>> MeasureQueues()
    {
        lock (Writers)
        {
            return
            [
                .. from writer in Writers
                   group writer by (
                       System: (string)writer._system.Value!, Shard: (string)writer._shard.Value!) into same
                   select new Measurement<int>(
                       same.Sum(static writer => writer.Queued()), same.First()._system, same.First()._shard),
            ];
        }
    }

    private int Queued() => queued();
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Storage;
using Xunit;

namespace OrleansDtm.WireTests.Telemetry;

/// <summary>The spans and metrics of commits.</summary>
public sealed class StoreTelemetryTests : IDisposable
{
    private const int Shard = 4711; // A number that no other writer uses.

    private readonly ConcurrentQueue<Activity> _ended = new();
    private readonly ConcurrentDictionary<string, double> _measured = new();
    private readonly Activity _caller = new Activity("caller").SetIdFormat(ActivityIdFormat.W3C).Start();
    private readonly ActivityListener _spans;
    private readonly MeterListener _meters = new();
    private readonly HeldCommitter _committer = new();

    public StoreTelemetryTests()
    {
        _spans = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == "OrleansDtm.Storage",
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Parent.TraceId == _caller.TraceId
                    ? ActivitySamplingResult.AllDataAndRecorded
                    : ActivitySamplingResult.None,
            ActivityStopped = span =>
            {
                if (span.TraceId == _caller.TraceId)
                {
                    _ended.Enqueue(span); // Listeners also receive the spans that other tests' listeners requested.
                }
            },
        };
        ActivitySource.AddActivityListener(_spans);
        _meters.InstrumentPublished = static (instrument, self) =>
        {
            if (instrument.Name.StartsWith("dtm_store_", StringComparison.Ordinal))
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Measured(instrument, value, tags));
        _meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Measured(instrument, value, tags));
        _meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Measured(instrument, value, tags));
        _meters.Start();
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _caller.Dispose();
        _spans.Dispose();
        _meters.Dispose();
        _committer.Dispose();
    }

    [Fact]
    public async Task Each_write_has_a_span_that_says_how_many_shared_its_commit()
    {
        Activity.Current = _caller;
        await using (var writer = Writer())
        {
            var first = writer.Write(StoredSamples.Insert(StoredSamples.Plain("first")), Cancel);
            await _committer.Entered.Task.WaitAsync(Cancel);
            var others = Enumerable.Range(0, 3)
                .Select(i => writer.Write(StoredSamples.Insert(StoredSamples.Plain($"g{i}")), Cancel))
                .ToList();
            Assert.Same(_caller, Activity.Current); // The span belongs to the write, not to the caller.
            _meters.RecordObservableInstruments();
            _committer.Open();
            await Task.WhenAll([first, .. others]);
        }

        Assert.Equal(
            [("first", 1), ("g0", 3), ("g1", 3), ("g2", 3)],
            _ended.Select(
                static span => ((string)Tag(span, "orleansdtm.gid")!, (int)Tag(span, "db.operation.batch.size")!))
                .Order());
        Assert.All(_ended, span => Assert.Equal(
            (_caller.SpanId, ActivityKind.Client, "mysql"),
            (span.ParentSpanId, span.Kind, (string?)Tag(span, "db.system.name"))));
        Assert.Equal((3, 3), (_measured["dtm_store_queue_length"], _measured["dtm_store_commit_writes"]));
        Assert.Equal(0, _measured["dtm_store_commit_failures_total"]);
    }

    [Fact]
    public async Task A_failed_commit_is_counted_and_marks_its_spans()
    {
        Activity.Current = _caller;
        await using (var writer = Writer())
        {
            _committer.Fault = new StoreUnavailableException("away, s3cret");
            _committer.Open();
            await Assert.ThrowsAsync<StoreUnavailableException>(
                () => writer.Write(StoredSamples.Insert(StoredSamples.Plain("lost")), Cancel));
        }

        var span = Assert.Single(_ended);
        Assert.Equal(
            (ActivityStatusCode.Error, null, nameof(StoreUnavailableException)),
            (span.Status, span.StatusDescription, (string?)Tag(span, "error.type")));
        Assert.Equal(1, _measured["dtm_store_commit_failures_total"]);
    }

    [Fact]
    public async Task Without_anything_it_belongs_to_a_write_has_no_span()
    {
        Activity.Current = null;
        await using (var writer = Writer())
        {
            _committer.Open();
            await writer.Write(StoredSamples.Insert(StoredSamples.Plain("alone")), Cancel);
        }

        Assert.Empty(_ended);
    }

    private static object? Tag(Activity span, string name) => span.GetTagItem(name);

    private GroupCommitWriter Writer() =>
        new(_committer, new GroupCommitOptions { Shard = Shard }, "test", NullLogger.Instance, "mysql");

    private void Measured(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var (name, label) in tags)
        {
            if (name == "shard" && (string?)label == "4711")
            {
                _measured[instrument.Name] = value; // The last value counts.
            }
        }
    }

    private sealed class HeldCommitter : IBatchCommitter, IDisposable
    {
        private readonly ManualResetEventSlim _gate = new();

        public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Exception? Fault { get; set; }

        public void Open() => _gate.Set();

        public void Dispose() => _gate.Dispose();

        public void Commit(IReadOnlyList<EncodedWrite> batch, WriteResult[] results)
        {
            Entered.TrySetResult();
            _gate.Wait();
            if (Fault is { } fault)
            {
                throw fault;
            }

            Array.Fill(results, WriteResult.Written);
        }
    }
}

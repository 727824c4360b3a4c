using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using OrleansDtm.Core;
using OrleansDtm.Grains.Activity;
using OrleansDtm.Grains.Tracing;

namespace OrleansDtm.Grains.Metrics;

/// <summary>
/// Measures branch calls by host. Submitters choose the hosts, so only the first hosts get their own series and the
/// rest share one.
/// </summary>
public sealed class BranchMetrics
{
    /// <summary>The maximum number of hosts with their own series.</summary>
    public const int HostsMax = 50;

    /// <summary>The host label of all other hosts.</summary>
    public const string Other = "other";

    private static readonly KeyValuePair<string, object?>[] Outcomes =
        [.. Enum.GetValues<OutcomeKind>()
            .Order()
            .Select(static kind => new KeyValuePair<string, object?>("outcome", AttemptTracing.WordOf(kind)))];

    private readonly ConcurrentDictionary<string, ServiceLoad> _services = new(StringComparer.Ordinal);
    private readonly ServiceLoad _other = new(Other);
    private readonly Histogram<double> _durations;

    public BranchMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create(DtmMeter.Name);

        // Observable instruments: every call only increments a field, which is read on collection.
        meter.CreateObservableCounter(
            "dtm_branch_calls_total", MeasureCalls, description: "Branch calls by host and outcome.");
        meter.CreateObservableCounter(
            "dtm_branch_retries_total",
            () => Measure(static load => load.Retries),
            description: "Branch calls that were retries.");
        _durations = meter.CreateHistogram(
            "dtm_branch_call_duration_seconds",
            description: "Branch call latency in seconds, including the wait for a call slot.",
            advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
            });
        meter.CreateObservableGauge(
            "dtm_branch_calls_in_flight",
            () => Measure(static load => load.InFlight),
            description: "Branch calls in flight by host.");
        meter.CreateObservableGauge(
            "dtm_branch_calls_waiting",
            () => Measure(static load => load.Waiting),
            description: "Branch calls that wait for a call slot, by host.");
    }

    /// <summary>Returns the load of a service; always the same object for the same service.</summary>
    /// <param name="service">host:port, or grain://Name.</param>
    internal ServiceLoad Of(string service)
    {
        if (_services.TryGetValue(service, out var known))
        {
            return known;
        }

        lock (_other)
        {
            if (_services.Count >= HostsMax)
            {
                return _other;
            }

            return _services.GetOrAdd(service, static name => new ServiceLoad(name));
        }
    }

    /// <summary>Records the end of a call.</summary>
    internal void Ended(
        ServiceLoad service, OutcomeKind outcome, int attempt, TimeSpan duration, DateTimeOffset now)
    {
        service.Ended(outcome, attempt, now);
        _durations.Record(duration.TotalSeconds, service.Host);
    }

    /// <summary>The calls to each host since the start.</summary>
    public HostActivity[] Read() =>
    [
        .. Loads().Select(static load => new HostActivity
        {
            Host = (string)load.Host.Value!,
            Succeeded = load.Calls(OutcomeKind.Succeeded),
            Ongoing = load.Calls(OutcomeKind.Ongoing),
            Failed = load.Calls(OutcomeKind.Failed),
            Errors = load.Calls(OutcomeKind.Unknown) + load.Calls(OutcomeKind.NotSent),
            Open = load.InFlight + load.Waiting,
            LastGoodAt = load.LastGoodAt,
            IsSilent = load.IsSilent,
        }),
    ];

    /// <summary>The calls that are in flight and those that wait for a call slot.</summary>
    internal (int InFlight, int Waiting) Now()
    {
        var (inFlight, waiting) = (0, 0);
        foreach (var load in Loads())
        {
            inFlight += load.InFlight;
            waiting += load.Waiting;
        }

        return (inFlight, waiting);
    }

    private IEnumerable<ServiceLoad> Loads() =>
        _services.Count < HostsMax ? _services.Values : _services.Values.Append(_other);

    private IEnumerable<Measurement<long>> Measure(Func<ServiceLoad, long> number) =>
        Loads().Select(load => new Measurement<long>(number(load), load.Host));

    private IEnumerable<Measurement<long>> MeasureCalls() =>
        from load in Loads()
        from outcome in Enumerable.Range(1, Outcomes.Length - 1)
        select new Measurement<long>(load.Calls((OutcomeKind)outcome), load.Host, Outcomes[outcome]);
}

/// <summary>The current load of one service, or of all services that share a series.</summary>
internal sealed class ServiceLoad(string host)
{
    private readonly long[] _calls = new long[Enum.GetValues<OutcomeKind>().Length];
    private long _retries;
    private int _inFlight;
    private int _waiting;
    private long _lastGood;
    private int _isSilent;

    public KeyValuePair<string, object?> Host { get; } = new("host", host);

    public int InFlight => Volatile.Read(ref _inFlight);

    public int Waiting => Volatile.Read(ref _waiting);

    public long Retries => Volatile.Read(ref _retries);

    public long Calls(OutcomeKind outcome) => Volatile.Read(ref _calls[(int)outcome]);

    /// <summary>The time of the last answer SUCCESS or ONGOING (UTC); null = there was none.</summary>
    public DateTimeOffset? LastGoodAt =>
        Volatile.Read(ref _lastGood) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>True if the last call that had time for it got no answer.</summary>
    public bool IsSilent
    {
        get => Volatile.Read(ref _isSilent) != 0;
        set => Volatile.Write(ref _isSilent, value ? 1 : 0);
    }

    public void Ended(OutcomeKind outcome, int attempt, DateTimeOffset now)
    {
        Interlocked.Increment(ref _calls[(int)outcome]);
        if (outcome is OutcomeKind.Succeeded or OutcomeKind.Ongoing)
        {
            Volatile.Write(ref _lastGood, now.UtcTicks);
        }

        if (attempt > 1)
        {
            Interlocked.Increment(ref _retries);
        }
    }

    public void Waits(int change) => Interlocked.Add(ref _waiting, change);

    public void Flies(int change) => Interlocked.Add(ref _inFlight, change);
}

using System.Reflection;
using OrleansDtm.Core;
using OrleansDtm.Grains.Calls;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Grains.Running;

namespace OrleansDtm.Grains.Activity;

/// <summary>
/// Counts the activity of this silo in the last ten minutes, in bounded memory, for the admin page. It needs no
/// Prometheus; use metrics for longer periods. Thread-safe.
/// </summary>
public sealed class ActivityWindow : ITransactionObserver
{
    /// <summary>The length of a slot in seconds.</summary>
    public const int SlotSeconds = 5;

    /// <summary>The number of slots kept.</summary>
    public const int SlotsMax = 120;

    /// <summary>The number of slots with durations: the last five minutes.</summary>
    private const int DurationSlots = 60;

    private static readonly string Version =
        typeof(ActivityWindow).Assembly.GetCustomAttribute<
            AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    private readonly TimeProvider _clock;
    private readonly BranchMetrics? _branches;
    private readonly ICallerActivity? _callers;
    private readonly ISiloLoad? _load;
    private readonly DateTimeOffset _started;
    private readonly Lock _gate = new();
    private readonly Slot[] _slots = [.. Enumerable.Range(0, SlotsMax).Select(static _ => new Slot())];
    private readonly FailureBook _failures = new();

    /// <param name="clock">The current time.</param>
    /// <param name="branches">Counts the branch calls by host; null = the report has none.</param>
    /// <param name="callers">Counts the requests by caller; null = the report has none.</param>
    /// <param name="load">What the silo carries; null = the report does not say.</param>
    public ActivityWindow(
        TimeProvider clock, BranchMetrics? branches = null, ICallerActivity? callers = null, ISiloLoad? load = null)
    {
        ArgumentNullException.ThrowIfNull(clock);
        (_clock, _branches, _callers, _load) = (clock, branches, callers, load);
        _started = clock.GetUtcNow();
    }

    public void OnBranchAnswered(Transaction state, TransactionEvent.BranchAnswered answer)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(answer);
        var now = _clock.GetUtcNow();
        var failed = answer.Outcome.Kind is not (OutcomeKind.Succeeded or OutcomeKind.Ongoing);
        lock (_gate)
        {
            var slot = At(now);
            slot.CallsFailed += failed ? 1 : 0;
            slot.CallsAnswered += failed ? 0 : 1;
            slot.Calls[DurationBuckets.Of(answer.Duration)]++;
            if (failed)
            {
                _failures.Add(
                    GrainBranchCaller.ServiceOf(UrlOf(state, answer.Index)),
                    answer.Outcome.Kind == OutcomeKind.Failed,
                    answer.Outcome.Error ?? "",
                    state.Definition.Gid,
                    now);
            }
        }
    }

    public void OnFinished(Transaction state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var now = _clock.GetUtcNow();
        lock (_gate)
        {
            var slot = At(now);
            slot.Succeeded += state.Status == TransactionStatus.Succeed ? 1 : 0;
            slot.Failed += state.Status == TransactionStatus.Failed ? 1 : 0;
            slot.Transactions[DurationBuckets.Of((state.Finished ?? now) - state.Definition.Created)]++;
        }
    }

    /// <summary>Records the latency of a request to the coordinator.</summary>
    /// <param name="duration">Latency.</param>
    public void OnRequestAnswered(TimeSpan duration)
    {
        lock (_gate)
        {
            At(_clock.GetUtcNow()).Requests[DurationBuckets.Of(duration)]++;
        }
    }

    /// <summary>Counts a request to the coordinator.</summary>
    /// <param name="failed">True if the response was an error.</param>
    public void OnRequest(bool failed)
    {
        lock (_gate)
        {
            var slot = At(_clock.GetUtcNow());
            slot.RequestCount++;
            slot.RequestsFailed += failed ? 1 : 0;
        }
    }

    public ActivityReport Read()
    {
        var now = _clock.GetUtcNow();
        var present = NumberOf(now);
        lock (_gate)
        {
            var slots = _slots.Where(s => s.Number > present - SlotsMax && s.Number <= present)
                .OrderBy(static s => s.Number)
                .ToArray();
            var recent = slots.Where(s => s.Number > present - DurationSlots).ToArray();
            return new ActivityReport
            {
                Version = Version,
                Started = _started,
                Memory = Environment.WorkingSet,
                Slots = [.. slots.Where(static s => !s.IsEmpty).Select(static s => s.Read())],
                Transactions = Sum(recent, static s => s.Transactions),
                Calls = Sum(recent, static s => s.Calls),
                Requests = Sum(recent, static s => s.Requests),
                Services = _failures.Read(now),
                Callers = _callers?.Read(),
                Hosts = _branches?.Read(),
                Load = _load?.Read(),
            };
        }
    }

    private static string UrlOf(Transaction state, int index) => index switch
    {
        Transaction.NoticeIndex => state.Definition.NoticeUrl,
        Transaction.QueryIndex => state.Definition.QueryPrepared,
        _ => state.Branches[index].Definition.Url,
    };

    private static long[] Sum(Slot[] slots, Func<Slot, int[]> counts)
    {
        var sum = new long[DurationBuckets.Count];
        foreach (var slot in slots)
        {
            var of = counts(slot);
            for (var i = 0; i < sum.Length; i++)
            {
                sum[i] += of[i];
            }
        }

        return sum;
    }

    private static long NumberOf(DateTimeOffset moment) => moment.ToUnixTimeSeconds() / SlotSeconds;

    /// <summary>Returns the slot for the current time, cleared if it still holds older counts.</summary>
    private Slot At(DateTimeOffset now)
    {
        var number = NumberOf(now);
        var slot = _slots[number % SlotsMax];
        if (slot.Number != number)
        {
            slot.Begin(number);
        }

        return slot;
    }

    private sealed class Slot
    {
        public long Number { get; private set; }

        public long Succeeded { get; set; }

        public long Failed { get; set; }

        public long CallsAnswered { get; set; }

        public long CallsFailed { get; set; }

        public long RequestCount { get; set; }

        public long RequestsFailed { get; set; }

        public int[] Transactions { get; } = new int[DurationBuckets.Count];

        public int[] Calls { get; } = new int[DurationBuckets.Count];

        public int[] Requests { get; } = new int[DurationBuckets.Count];

        public bool IsEmpty => Succeeded + Failed + CallsAnswered + CallsFailed + RequestCount == 0;

        public void Begin(long number)
        {
            (Number, Succeeded, Failed, CallsAnswered, CallsFailed, RequestCount, RequestsFailed) =
                (number, 0, 0, 0, 0, 0, 0);
            Array.Clear(Transactions);
            Array.Clear(Calls);
            Array.Clear(Requests);
        }

        public ActivitySlot Read() => new()
        {
            Start = Number * SlotSeconds,
            Succeeded = Succeeded,
            Failed = Failed,
            CallsAnswered = CallsAnswered,
            CallsFailed = CallsFailed,
            Requests = RequestCount,
            RequestsFailed = RequestsFailed,
        };
    }
}

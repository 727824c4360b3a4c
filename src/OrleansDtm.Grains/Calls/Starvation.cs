using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using OrleansDtm.Grains.Metrics;

namespace OrleansDtm.Grains.Calls;

/// <summary>
/// Reports branch calls that got no slot within their request timeout: in the log once a minute, as a metric, and for
/// readiness. Thread-safe.
/// </summary>
public sealed partial class Starvation
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Counter<long> _calls;
    private readonly TimeProvider _clock;
    private readonly ILogger<Starvation> _log;
    private readonly Span _logged = new();
    private readonly Span _silo = new();

    public Starvation(IMeterFactory meters, TimeProvider clock, ILogger<Starvation> log)
    {
        ArgumentNullException.ThrowIfNull(meters);
        (_clock, _log) = (clock, log);
        var meter = meters.Create(DtmMeter.Name);
        _calls = meter.CreateCounter<long>(
            "dtm_branch_calls_starved_total",
            description: "Branch calls that got no slot within their request timeout, by the limit they met.");
        foreach (var limit in Enum.GetValues<CallLimit>())
        {
            _calls.Add(0, TagOf(limit)); // The series must exist before the first call, or a rate cannot show it.
        }

        meter.CreateObservableGauge(
            "dtm_open_files",
            static () => OpenFiles.Count() ?? 0,
            description: "Open files of the process; 0 = unknown.");
        meter.CreateObservableGauge(
            "dtm_open_files_max",
            static () => OpenFiles.Limit ?? 0,
            description: "Limit of open files of the process; 0 = unknown or unlimited.");
    }

    /// <summary>What starves this silo now, in a few words; null = nothing.</summary>
    public string? Problem
    {
        get
        {
            lock (_gate)
            {
                if (_silo.Count(_clock) is > 0 and var count)
                {
                    return $"starved: {count} branch calls got no slot within a minute (Limits:BranchCallsMax) "
                        + "[ODTM4009]";
                }
            }

            return OpenFiles.Limit is { } limit && OpenFiles.Count() is { } open && open > limit * 0.9
                ? $"starved: {open} of {limit} open files are in use [ODTM4009]"
                : null;
        }
    }

    /// <summary>A call was not sent.</summary>
    /// <param name="limit">The limit it met.</param>
    /// <param name="service">The service.</param>
    /// <param name="gid">The transaction.</param>
    internal void CallNotSent(CallLimit limit, string service, string gid)
    {
        _calls.Add(1, TagOf(limit));
        long before;
        lock (_gate)
        {
            if (limit == CallLimit.Silo)
            {
                _silo.Add(_clock);
            }

            if (_logged.Count(_clock) > 0)
            {
                _logged.Add(_clock);
                return;
            }

            before = _logged.Last;
            _logged.Add(_clock);
        }

        LogStarved(NameOf(limit), service, gid, before);
    }

    private static KeyValuePair<string, object?> TagOf(CallLimit limit) => new("limit", NameOf(limit));

    private static string NameOf(CallLimit limit) => limit switch
    {
        CallLimit.Transaction => "transaction",
        CallLimit.Service => "service",
        _ => "silo",
    };

    [LoggerMessage(1, LogLevel.Warning,
        "A branch call got no slot within its request timeout: the limit of the {Limit} was reached (service "
        + "{Service}, gid {Gid}). Such calls are retried, and logged once a minute; the last time there were {Before} more "
        + "[ODTM4009]")]
    private partial void LogStarved(string limit, string service, string gid, long before);

    /// <summary>Counts within windows that start with their first event.</summary>
    private sealed class Span
    {
        private long _started;
        private long _count;

        /// <summary>The count of the previous window, without its first event.</summary>
        public long Last { get; private set; }

        public long Count(TimeProvider clock)
        {
            if (_count > 0 && clock.GetElapsedTime(_started) >= Window)
            {
                (Last, _count) = (_count - 1, 0);
            }

            return _count;
        }

        public void Add(TimeProvider clock)
        {
            if (Count(clock) == 0)
            {
                _started = clock.GetTimestamp();
            }

            _count++;
        }
    }
}

/// <summary>The limits of branch calls in flight.</summary>
internal enum CallLimit
{
    /// <summary><see cref="DtmGrainOptions.BranchCallsMax"/>.</summary>
    Silo,

    /// <summary><see cref="DtmGrainOptions.BranchCallsPerServiceMax"/>.</summary>
    Service,

    /// <summary><see cref="DtmGrainOptions.BranchCallsPerTransactionMax"/>.</summary>
    Transaction,
}

using OrleansDtm.Core;

namespace OrleansDtm.Grains.Activity;

/// <summary>
/// Keeps the recent failures and the last error of each service, for each namespace. Bounded; not thread-safe.
/// </summary>
internal sealed class FailureBook
{
    /// <summary>
    /// The maximum number of services of a namespace; beyond it, the one whose last failure is oldest is removed.
    /// </summary>
    public const int ServicesMax = 50;

    /// <summary>The maximum number of services of all namespaces.</summary>
    private const int AllMax = 20 * ServicesMax;

    public const int ErrorMax = 300;

    private const int Minutes = ActivityWindow.SlotsMax * ActivityWindow.SlotSeconds / 60;

    private readonly Dictionary<(string Namespace, string Service), Entry> _services = [];

    /// <param name="service">The service.</param>
    /// <param name="refusal">True if the service rejected the call for a business reason.</param>
    /// <param name="error">The error.</param>
    /// <param name="gid">The stored gid.</param>
    /// <param name="now">The time.</param>
    public void Add(string service, bool refusal, string error, string gid, DateTimeOffset now)
    {
        var space = Namespaces.Of(gid);
        if (!_services.TryGetValue((space, service), out var entry))
        {
            var own = _services.Where(s => s.Key.Namespace == space).ToArray();
            if (own.Length >= ServicesMax || _services.Count >= AllMax)
            {
                _services.Remove((own.Length > 0 ? own : [.. _services]).MinBy(static s => s.Value.LastAt).Key);
            }

            _services[(space, service)] = entry = new Entry();
        }

        entry.Add(refusal, Cut(error), Namespaces.Plain(gid), now);
    }

    /// <summary>Returns the services with failures in the window, the latest failure first.</summary>
    public ServiceFailures[] Read(DateTimeOffset now) =>
    [
        .. _services
            .Select(s => s.Value.Read(s.Key.Service, now) with
            {
                Namespace = s.Key.Namespace.Length > 0 ? s.Key.Namespace : null,
            })
            .Where(static f => f.Errors + f.Refusals > 0)
            .OrderByDescending(static f => f.LastAt),
    ];

    private static string Cut(string text) =>
        text.Length <= ErrorMax ? text : text[..(char.IsHighSurrogate(text[ErrorMax - 1]) ? ErrorMax - 1 : ErrorMax)];

    private sealed class Entry
    {
        private readonly (long Minute, long Errors, long Refusals)[] _minutes = new (long, long, long)[Minutes];
        private string _error = "";
        private string _gid = "";

        public DateTimeOffset LastAt { get; private set; }

        public void Add(bool refusal, string error, string gid, DateTimeOffset now)
        {
            var minute = MinuteOf(now);
            ref var slot = ref _minutes[minute % Minutes];
            if (slot.Minute != minute)
            {
                slot = (minute, 0, 0);
            }

            slot.Errors += refusal ? 0 : 1;
            slot.Refusals += refusal ? 1 : 0;
            (LastAt, _error, _gid) = (now, error, gid);
        }

        public ServiceFailures Read(string service, DateTimeOffset now)
        {
            // The clock may have been set back since: a later minute is none of these.
            var last = MinuteOf(now);
            var first = last - Minutes + 1;
            var recent = _minutes.Where(m => m.Minute >= first && m.Minute <= last).ToArray();
            var minutes = new long[Minutes];
            foreach (var (minute, errors, refusals) in recent)
            {
                minutes[minute - first] = errors + refusals;
            }

            return new ServiceFailures
            {
                Service = service,
                Errors = recent.Sum(static m => m.Errors),
                Refusals = recent.Sum(static m => m.Refusals),
                LastAt = LastAt,
                LastError = _error,
                LastGid = _gid,
                Minutes = minutes,
            };
        }

        private static long MinuteOf(DateTimeOffset moment) => moment.ToUnixTimeSeconds() / 60;
    }
}

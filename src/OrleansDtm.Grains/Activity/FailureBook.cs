namespace OrleansDtm.Grains.Activity;

/// <summary>Keeps the recent failures and the last error of each service. Bounded; not thread-safe.</summary>
internal sealed class FailureBook
{
    /// <summary>The maximum number of services; beyond it, the one whose last failure is oldest is removed.</summary>
    public const int ServicesMax = 50;

    public const int ErrorMax = 300;

    private const int Minutes = ActivityWindow.SlotsMax * ActivityWindow.SlotSeconds / 60;

    private readonly Dictionary<string, Entry> _services = new(StringComparer.Ordinal);

    public void Add(string service, bool refusal, string error, string gid, DateTimeOffset now)
    {
        if (!_services.TryGetValue(service, out var entry))
        {
            if (_services.Count >= ServicesMax)
            {
                _services.Remove(_services.MinBy(static s => s.Value.LastAt).Key);
            }

            _services[service] = entry = new Entry();
        }

        entry.Add(refusal, Cut(error), gid, now);
    }

    /// <summary>Returns the services with failures in the window, the latest failure first.</summary>
    public ServiceFailures[] Read(DateTimeOffset now) =>
    [
        .. _services
            .Select(s => s.Value.Read(s.Key, now))
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
            var first = MinuteOf(now) - Minutes + 1;
            var recent = _minutes.Where(m => m.Minute >= first).ToArray();
            return new ServiceFailures
            {
                Service = service,
                Errors = recent.Sum(static m => m.Errors),
                Refusals = recent.Sum(static m => m.Refusals),
                LastAt = LastAt,
                LastError = _error,
                LastGid = _gid,
            };
        }

        private static long MinuteOf(DateTimeOffset moment) => moment.ToUnixTimeSeconds() / 60;
    }
}

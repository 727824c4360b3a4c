using System.Collections.Concurrent;
using OrleansDtm.Grains.Activity;
using OrleansDtm.Grains.Audit;
using OrleansDtm.Grains.Service;
using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Security.Access;

/// <summary>Counts the requests of each caller of this process, for the page of keys. Bounded.</summary>
internal sealed class CallerUsage(TimeProvider clock, UnfinishedQuota unfinished, CoordinatorOptions options)
    : ICallerActivity
{
    /// <summary>An issuer may have any number of subjects; those beyond it are counted together.</summary>
    public const int CallersMax = 500;

    private readonly ConcurrentDictionary<(string Kind, string Name), Usage> _callers = new();
    private readonly Usage _others = new(0);

    /// <summary>Counts a request of an authenticated caller.</summary>
    public void Add(Caller caller) => Of(caller).Add(clock.GetUtcNow());

    /// <summary>The request is refused by the role or a limit of the caller.</summary>
    public void Refuse(Caller caller) => Of(caller).Refuse();

    public CallerActivity[] Read()
    {
        var now = clock.GetUtcNow();
        return
        [
            .. _callers.Select(c => c.Value.Read(c.Key.Kind, c.Key.Name, now, HeldBy(c.Key.Kind, c.Key.Name, c.Value))),
            .. _others.IsEmpty ? (CallerActivity[])[] : [_others.Read(Requester.Token, "others", now, null)],
        ];
    }

    private (int Held, long Refused)? HeldBy(string kind, string name, Usage usage)
    {
        if (usage.UnfinishedMax == 0)
        {
            return null;
        }

        // A sign-in to the page is counted on its own.
        var (own, page) = (unfinished.Of($"{kind} {name}"), unfinished.Of($"{Requester.Session} {name}"));
        return (own.Held + page.Held, own.Refused + page.Refused);
    }

    private Usage Of(Caller caller)
    {
        var key = (caller.Key is null ? Requester.Token : Requester.Key, caller.Name);
        var max = caller.Key?.UnfinishedMax ?? options.Security.UnfinishedMax;
        if (_callers.TryGetValue(key, out var known) && known.UnfinishedMax == max)
        {
            return known;
        }

        // Its line in the file of keys may have changed.
        return known is not null ? known.With(max)
            : _callers.Count < CallersMax ? _callers.GetOrAdd(key, new Usage(max))
            : _others;
    }

    private sealed class Usage(int unfinishedMax)
    {
        private const int SlotSeconds = 5;
        private const int Slots = 60 / SlotSeconds;

        private readonly Lock _gate = new();
        private readonly (long Number, int Count)[] _slots = new (long, int)[Slots];
        private int _unfinishedMax = unfinishedMax;
        private long _requests;
        private long _refused;
        private DateTimeOffset _lastAt;

        public int UnfinishedMax => Volatile.Read(ref _unfinishedMax);

        public bool IsEmpty => Interlocked.Read(ref _requests) == 0;

        public Usage With(int max)
        {
            Volatile.Write(ref _unfinishedMax, max);
            return this;
        }

        public void Add(DateTimeOffset now)
        {
            var number = now.ToUnixTimeSeconds() / SlotSeconds;
            lock (_gate)
            {
                ref var slot = ref _slots[number % Slots];
                slot = (number, slot.Number == number ? slot.Count + 1 : 1);
                _requests++;
                _lastAt = now;
            }
        }

        public void Refuse() => Interlocked.Increment(ref _refused);

        public CallerActivity Read(string kind, string name, DateTimeOffset now, (int Held, long Refused)? bound)
        {
            var first = (now.ToUnixTimeSeconds() / SlotSeconds) - Slots + 1;
            lock (_gate)
            {
                return new CallerActivity
                {
                    Kind = kind,
                    Name = name,
                    Requests = _requests,
                    Refused = Interlocked.Read(ref _refused) + (bound?.Refused ?? 0),
                    LastMinute = _slots.Where(s => s.Number >= first).Sum(static s => s.Count),
                    LastAt = _lastAt,
                    Unfinished = bound?.Held,
                };
            }
        }
    }
}

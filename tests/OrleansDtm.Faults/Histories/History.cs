using System.Collections.Concurrent;
using System.Diagnostics;

namespace OrleansDtm.Faults.Histories;

/// <summary>All visible events in order. Thread-safe.</summary>
internal sealed class History
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly ConcurrentDictionary<string, List<Happening>> _byGid = new(StringComparer.Ordinal);
    private readonly List<Happening> _machines = [];
    private readonly Lock _order = new();
    private long _places;
    private long _numbers;

    public TimeSpan Now => _clock.Elapsed;

    public IReadOnlyCollection<string> Gids => (IReadOnlyCollection<string>)_byGid.Keys;

    /// <summary>Returns a new number for a request or call.</summary>
    public long NextNumber() => Interlocked.Increment(ref _numbers);

    public void Add(string? gid, Happening happening)
    {
        var list = gid is null ? _machines : _byGid.GetOrAdd(gid, static _ => []);
        lock (_order)
        {
            list.Add(happening with { At = Now, Place = ++_places, Gid = gid });
        }
    }

    /// <summary>Returns the events of one transaction, in order.</summary>
    public IReadOnlyList<Happening> Of(string gid) => Copy(_byGid.GetValueOrDefault(gid) ?? []);

    /// <summary>The events of machines and faults, in order.</summary>
    public IReadOnlyList<Happening> Machines => Copy(_machines);

    private List<Happening> Copy(List<Happening> list)
    {
        lock (_order)
        {
            return [.. list];
        }
    }
}

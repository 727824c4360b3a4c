namespace OrleansDtm.Grains.Recovery;

/// <summary>
/// Decides when to search for calls of which dead process. A search may scan an index, so not every sweep makes one.
/// One search is not enough either: a process that was declared dead may still commit before it learns of it. Pure.
/// </summary>
internal sealed class Takeover
{
    /// <summary>
    /// The number of already dead processes searched at the start. The leases of older ones have ended.
    /// </summary>
    public const int OldMax = 16;

    /// <summary>The time during which a dead process may still commit.</summary>
    public static readonly TimeSpan Restless = TimeSpan.FromSeconds(20);

    /// <summary>The delay between two complete searches.</summary>
    public static readonly TimeSpan Again = TimeSpan.FromSeconds(4);

    /// <summary>The maximum delay after incomplete searches; it doubles from <see cref="WaitMin"/>.</summary>
    public static readonly TimeSpan WaitMax = TimeSpan.FromMinutes(1);

    public static readonly TimeSpan WaitMin = TimeSpan.FromSeconds(1);

    private readonly Dictionary<long, State> _states = [];
    private bool _begun;

    /// <summary>Returns the owners to search now.</summary>
    /// <param name="gone">All dead processes, the latest first; for a sole owner, this process.</param>
    /// <param name="once">True if one complete search is enough, because only this process can write.</param>
    /// <param name="now">The current time (UTC).</param>
    public IReadOnlyList<long> Next(IReadOnlyList<long> gone, bool once, DateTimeOffset now)
    {
        for (var i = 0; i < gone.Count; i++)
        {
            if (!_states.ContainsKey(gone[i]))
            {
                var isOld = !_begun && i >= OldMax;
                _states.Add(gone[i], new State(now, isOld ? null : now, WaitMin, once));
            }
        }

        _begun = true;
        return [.. gone.Where(owner => _states[owner].At <= now)];
    }

    /// <param name="owner">An owner that <see cref="Next"/> returned.</param>
    /// <param name="all">True if all transactions found were resumed; false also if the search failed.</param>
    /// <param name="now">The current time (UTC).</param>
    public void Searched(long owner, bool all, DateTimeOffset now)
    {
        var state = _states[owner];
        if (!all)
        {
            var longer = state.Wait * 2;
            _states[owner] = state with { At = now + state.Wait, Wait = longer < WaitMax ? longer : WaitMax };
            return;
        }

        var isQuiet = state.Once || now - state.Since >= Restless;
        _states[owner] = state with { At = isQuiet ? null : now + Again, Wait = WaitMin };
    }

    /// <param name="Since">The time at which it was first seen dead.</param>
    /// <param name="At">The time of the next search; null = none.</param>
    /// <param name="Wait">The delay after the next failure.</param>
    /// <param name="Once">See <see cref="Takeover.Next"/>.</param>
    private readonly record struct State(DateTimeOffset Since, DateTimeOffset? At, TimeSpan Wait, bool Once);
}

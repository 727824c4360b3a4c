namespace OrleansDtm.Grains.Recovery;

/// <summary>
/// When to search for the calls of which dead process. A search may read an index from end to end, so it must not be made with every
/// sweep; but once is not enough, for a process that was declared dead may still commit before it learns of it. Pure.
/// </summary>
internal sealed class Takeover
{
    /// <summary>How many of those that were dead before are searched: older ones' leases are over, and a week's restarts are many.</summary>
    public const int OldMax = 16;

    /// <summary>For how long a dead process is not trusted to be quiet.</summary>
    public static readonly TimeSpan Restless = TimeSpan.FromSeconds(20);

    /// <summary>Between two searches that found and woke everything.</summary>
    public static readonly TimeSpan Again = TimeSpan.FromSeconds(4);

    /// <summary>The longest wait after searches that could not wake everything; it doubles from <see cref="WaitMin"/>.</summary>
    public static readonly TimeSpan WaitMax = TimeSpan.FromMinutes(1);

    public static readonly TimeSpan WaitMin = TimeSpan.FromSeconds(1);

    private readonly Dictionary<long, State> _states = [];
    private bool _begun;

    /// <summary>Owners to be searched now.</summary>
    /// <param name="gone">Everybody known to be dead, the youngest first; alone, this process.</param>
    /// <param name="once">One complete search is enough: nobody but this process can write.</param>
    /// <param name="now">The present moment.</param>
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

    /// <param name="owner">One that <see cref="Next"/> named.</param>
    /// <param name="all">Everything found was woken; false also when the search failed.</param>
    /// <param name="now">The present moment.</param>
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

    /// <param name="Since">When it was first seen dead.</param>
    /// <param name="At">The next search; null = none any more.</param>
    /// <param name="Wait">After the next failure.</param>
    /// <param name="Once">See <see cref="Takeover.Next"/>.</param>
    private readonly record struct State(DateTimeOffset Since, DateTimeOffset? At, TimeSpan Wait, bool Once);
}

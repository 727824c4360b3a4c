namespace OrleansDtm.Grains.Watching;

/// <summary>A reader of the changes of all silos. Not thread-safe.</summary>
public sealed class ChangeReader : IDisposable
{
    private readonly ChangeRing<WatchedChange> _ring;
    private readonly Action _close;
    private bool _closed;

    internal ChangeReader(ChangeRing<WatchedChange> ring, Action close, CancellationToken ended)
    {
        (_ring, _close, Ended) = (ring, close, ended);
        Position = ring.Now;
    }

    /// <summary>The position of the next read; at first: from now on.</summary>
    public ChangePosition Position { get; set; }

    /// <summary>Cancelled when the stream ends, because the silo stops.</summary>
    public CancellationToken Ended { get; }

    /// <summary>Returns what has happened since the position, at most 500 items; may be empty.</summary>
    /// <returns>A first item without a change if the position is no longer known.</returns>
    public IReadOnlyList<WatchedChange> Read()
    {
        const int max = 500;
        var (items, position, hasGap) = _ring.Read(Position, max);
        Position = position;
        return hasGap ? [WatchedChange.Reset("the position is no longer known")] : items;
    }

    /// <summary>Completes when there is something to read.</summary>
    public Task Grown() => _ring.Grown(Position);

    public void Dispose()
    {
        if (!_closed)
        {
            _closed = true;
            _close();
        }
    }
}

namespace OrleansDtm.Grains.Hosting;

/// <summary>
/// Reads the wall clock once and then goes by the monotonic counter: when somebody sets the machine's clock an hour forward or
/// back, no timeout fires early and no retry waits an hour longer. Timers are the inner provider's.
/// </summary>
public sealed class SteadyClock : TimeProvider
{
    private readonly TimeProvider _inner;
    private readonly long _startedTimestamp;
    private long _startedAt;

    public SteadyClock(TimeProvider inner)
    {
        ArgumentNullException.ThrowIfNull(inner);
        _inner = inner;
        _startedAt = inner.GetUtcNow().UtcTicks;
        _startedTimestamp = inner.GetTimestamp();
    }

    public override long TimestampFrequency => _inner.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => _inner.LocalTimeZone;

    /// <summary>What the machine's clock says now.</summary>
    public DateTimeOffset Wall => _inner.GetUtcNow();

    public override DateTimeOffset GetUtcNow() =>
        new DateTimeOffset(Volatile.Read(ref _startedAt), TimeSpan.Zero) + _inner.GetElapsedTime(_startedTimestamp);

    public override long GetTimestamp() => _inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        _inner.CreateTimer(callback, state, dueTime, period);

    /// <summary>From now on it shows so much more, or less. For what is known to be wrong; it does not change how fast it goes.</summary>
    public void Correct(TimeSpan difference) => Interlocked.Add(ref _startedAt, difference.Ticks);
}

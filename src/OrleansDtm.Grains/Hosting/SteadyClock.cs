namespace OrleansDtm.Grains.Hosting;

/// <summary>
/// Reads the wall clock once and then uses the monotonic clock. If the machine's clock is set forward or back, no
/// timeout fires early and no retry waits longer. Timers come from the inner provider.
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

    /// <summary>The machine's current wall clock time.</summary>
    public DateTimeOffset Wall => _inner.GetUtcNow();

    public override DateTimeOffset GetUtcNow() =>
        new DateTimeOffset(Volatile.Read(ref _startedAt), TimeSpan.Zero) + _inner.GetElapsedTime(_startedTimestamp);

    public override long GetTimestamp() => _inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        _inner.CreateTimer(callback, state, dueTime, period);

    /// <summary>Moves the time by a known error, forwards or backwards. The rate does not change.</summary>
    public void Correct(TimeSpan difference) => Interlocked.Add(ref _startedAt, difference.Ticks);
}

namespace OrleansDtm.Grains.Hosting;

/// <summary>
/// Reads the wall clock once and then goes by the monotonic counter: when somebody sets the machine's clock an hour forward or
/// back, no timeout fires early and no retry waits an hour longer. Timers are the inner provider's.
/// </summary>
public sealed class SteadyClock : TimeProvider
{
    private readonly TimeProvider _inner;
    private readonly DateTimeOffset _startedAt;
    private readonly long _startedTimestamp;

    public SteadyClock(TimeProvider inner)
    {
        ArgumentNullException.ThrowIfNull(inner);
        _inner = inner;
        _startedAt = inner.GetUtcNow();
        _startedTimestamp = inner.GetTimestamp();
    }

    public override long TimestampFrequency => _inner.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => _inner.LocalTimeZone;

    public override DateTimeOffset GetUtcNow() => _startedAt + _inner.GetElapsedTime(_startedTimestamp);

    public override long GetTimestamp() => _inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        _inner.CreateTimer(callback, state, dueTime, period);
}

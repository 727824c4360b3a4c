using OrleansDtm.Testing.Time;

namespace OrleansDtm.Testing;

/// <summary>
/// The coordinator's clock. It stands still until it jumps: to the next due retry, delay or timeout once nothing is
/// under way (<see cref="DtmTestOptions.AutoAdvance"/>), or by <see cref="Advance"/>. Whole milliseconds. Thread-safe.
/// </summary>
/// <remarks>
/// It may be registered as <see cref="TimeProvider"/> in the application under test. Its timers fire when the time
/// passes them; only the coordinator's due times make it jump.
/// </remarks>
public sealed class DtmTestClock : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly PriorityQueue<(VirtualTimer Timer, int Generation), (long At, long Order)> _timers = new();
    private readonly Pacer _pacer;
    private long _now;
    private long _order;

    internal DtmTestClock(Pacer pacer, DateTimeOffset start)
    {
        _pacer = pacer;
        Start = WholeMilliseconds(start);
        _now = Start.UtcTicks;
    }

    /// <summary>The time at which the host started (UTC).</summary>
    public DateTimeOffset Start { get; }

    /// <summary>The virtual time that has passed since <see cref="Start"/>.</summary>
    public TimeSpan Elapsed => GetUtcNow() - Start;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => new(Volatile.Read(ref _now), TimeSpan.Zero);

    /// <inheritdoc/>
    public override long GetTimestamp() => Volatile.Read(ref _now);

    /// <summary>
    /// Lets time pass. Everything that becomes due happens at its own time and in order, also timeouts of prepared
    /// transactions. The task completes when all of it has been processed.
    /// </summary>
    /// <param name="by">Greater than zero.</param>
    /// <exception cref="DtmTestException">Something under way did not end within
    /// <see cref="DtmTestOptions.Patience"/>.</exception>
    public Task Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(by, TimeSpan.Zero);
        return _pacer.Advance(by);
    }

    /// <summary>
    /// Stops the time until the returned object is disposed: while something that the host cannot see is under way,
    /// such as work of a branch that has answered ONGOING.
    /// </summary>
    public IDisposable Hold() => _pacer.Hold();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new VirtualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Rounds up, so that nothing is due later than the rounded time.</summary>
    internal static DateTimeOffset WholeMilliseconds(DateTimeOffset time)
    {
        var rest = time.UtcTicks % TimeSpan.TicksPerMillisecond;
        return new DateTimeOffset(rest == 0 ? time.UtcTicks : time.UtcTicks - rest + TimeSpan.TicksPerMillisecond,
            TimeSpan.Zero);
    }

    /// <summary>Sets the time and fires the timers that it passes, in their order. One caller at a time.</summary>
    internal void JumpTo(DateTimeOffset time)
    {
        Volatile.Write(ref _now, time.UtcTicks);
        while (TakeDue(time.UtcTicks) is { } timer)
        {
            timer.Fire();
        }
    }

    private VirtualTimer? TakeDue(long now)
    {
        lock (_gate)
        {
            while (_timers.TryPeek(out var next, out var due) && due.At <= now)
            {
                _timers.Dequeue();
                if (next.Timer.Take(next.Generation))
                {
                    return next.Timer;
                }
            }

            return null;
        }
    }

    private sealed class VirtualTimer(DtmTestClock clock, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;
        private int _generation;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                _generation++;
                _period = period;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Enqueue(dueTime);
                }

                return true;
            }
        }

        public void Dispose()
        {
            lock (clock._gate)
            {
                _generation++;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        /// <summary>Under the lock. False = it was changed or disposed since it was queued.</summary>
        public bool Take(int generation)
        {
            if (generation != _generation)
            {
                return false;
            }

            if (_period > TimeSpan.Zero)
            {
                Enqueue(_period); // Once for a jump over several periods.
            }

            return true;
        }

        public void Fire() => callback(state);

        private void Enqueue(TimeSpan wait) =>
            clock._timers.Enqueue((this, _generation), (clock._now + wait.Ticks, clock._order++));
    }
}

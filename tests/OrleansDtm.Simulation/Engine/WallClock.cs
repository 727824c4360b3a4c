namespace OrleansDtm.Simulation.Engine;

/// <summary>
/// A machine's clock: the world's time plus a skew of milliseconds. A fault may set it an hour forward or back.
/// </summary>
internal sealed class WallClock(World world) : TimeProvider
{
    /// <summary>The difference to the world's time.</summary>
    public TimeSpan Offset { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => world.UtcNow + Offset;

    public override long GetTimestamp() => world.Now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        throw new NotSupportedException("Timers belong to a process.");
}

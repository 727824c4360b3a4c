namespace OrleansDtm.Simulation.Engine;

/// <summary>A machine's clock: the world's time, some milliseconds off, until somebody sets it an hour forward or back.</summary>
internal sealed class WallClock(World world) : TimeProvider
{
    /// <summary>What it shows beyond the world's time.</summary>
    public TimeSpan Offset { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => world.UtcNow + Offset;

    public override long GetTimestamp() => world.Now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        throw new NotSupportedException("Timers belong to a process.");
}

namespace OrleansDtm.Simulation.Machines;

/// <summary>
/// The clock of a process's machine. Timers of a paused process fire after the pause, those of a dead one never.
/// </summary>
internal sealed class ProcessClock(Process process) : TimeProvider
{
    public override long TimestampFrequency => process.Machine.Wall.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => process.Machine.Wall.GetUtcNow();

    public override long GetTimestamp() => process.Machine.Wall.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(process, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(Process process, Action fire) : ITimer
    {
        private int _generation;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (period != Timeout.InfiniteTimeSpan)
            {
                throw new NotSupportedException("The simulation has no periodic timers.");
            }

            var generation = ++_generation;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                process.World.After(dueTime, () => process.WhenAwake(() => Fire(generation)));
            }

            return true;
        }

        public void Dispose() => _generation++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Fire(int generation)
        {
            if (generation == _generation)
            {
                fire();
            }
        }
    }
}

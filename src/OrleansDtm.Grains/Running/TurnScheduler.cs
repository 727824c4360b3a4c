namespace OrleansDtm.Grains.Running;

/// <summary>Where the turns of a <see cref="TurnQueue"/> run. A simulator brings its own.</summary>
internal abstract class TurnScheduler
{
    /// <summary>Production's.</summary>
    /// <param name="clock">Keeps limits.</param>
    public static TurnScheduler ThreadPool(TimeProvider clock) => new Pool(clock);

    /// <summary>The running code belongs to no grain, queue or other scheduler: a turn may borrow its thread.</summary>
    public abstract bool IsCallerFree { get; }

    /// <summary>A continuation may run on this thread. A thread that belongs to the store, say, has more to do.</summary>
    public abstract bool IsThreadFree { get; }

    /// <summary>Runs what has gathered in a queue, soon.</summary>
    public abstract void Schedule(TurnQueue queue);

    /// <summary>Starts work that belongs to no turn. Its errors are for its own to tell.</summary>
    public abstract void Start(Func<Task> work);

    /// <summary>Waits for a task no longer than so.</summary>
    /// <exception cref="TimeoutException">It has not ended by then.</exception>
    public abstract Task<T> Within<T>(TimeSpan limit, Task<T> task);

    private sealed class Pool(TimeProvider clock) : TurnScheduler
    {
        public override bool IsCallerFree =>
            SynchronizationContext.Current is null && TaskScheduler.Current == TaskScheduler.Default;

        public override bool IsThreadFree => IsCallerFree && Thread.CurrentThread.IsThreadPoolThread;

        public override void Schedule(TurnQueue queue) =>
            System.Threading.ThreadPool.UnsafeQueueUserWorkItem(queue, preferLocal: true);

        public override void Start(Func<Task> work) => Task.Run(work).Ignore();

        public override Task<T> Within<T>(TimeSpan limit, Task<T> task) => task.IsCompleted ? task : task.WaitAsync(limit, clock);
    }
}

namespace OrleansDtm.Grains.Running;

/// <summary>Runs the turns of a <see cref="TurnQueue"/>. A simulator has its own implementation.</summary>
internal abstract class TurnScheduler
{
    /// <summary>Returns the scheduler for production.</summary>
    /// <param name="clock">Measures timeouts.</param>
    public static TurnScheduler ThreadPool(TimeProvider clock) => new Pool(clock);

    /// <summary>
    /// True if the current thread belongs to no grain, queue or other scheduler, so that a turn may use it.
    /// </summary>
    public abstract bool IsCallerFree { get; }

    /// <summary>
    /// True if a continuation may run on this thread. It must not run on the store's thread, for example.
    /// </summary>
    public abstract bool IsThreadFree { get; }

    /// <summary>Schedules the queued work of a queue.</summary>
    public abstract void Schedule(TurnQueue queue);

    /// <summary>Starts work outside of any turn. The work must handle its own errors.</summary>
    public abstract void Start(Func<Task> work);

    /// <summary>Waits for a task with a timeout.</summary>
    /// <exception cref="TimeoutException">The task did not complete in time.</exception>
    public abstract Task<T> Within<T>(TimeSpan limit, Task<T> task);

    private sealed class Pool(TimeProvider clock) : TurnScheduler
    {
        public override bool IsCallerFree =>
            SynchronizationContext.Current is null && TaskScheduler.Current == TaskScheduler.Default;

        public override bool IsThreadFree => IsCallerFree && Thread.CurrentThread.IsThreadPoolThread;

        public override void Schedule(TurnQueue queue) =>
            System.Threading.ThreadPool.UnsafeQueueUserWorkItem(queue, preferLocal: true);

        public override void Start(Func<Task> work) => Task.Run(work).Ignore();

        public override Task<T> Within<T>(TimeSpan limit, Task<T> task) =>
            task.IsCompleted ? task : task.WaitAsync(limit, clock);
    }
}

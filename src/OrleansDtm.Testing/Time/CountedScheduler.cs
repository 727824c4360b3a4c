using OrleansDtm.Grains.Running;

namespace OrleansDtm.Testing.Time;

/// <summary>The production's scheduler of turns, with each turn counted from the moment it is queued.</summary>
internal sealed class CountedScheduler(Pacer pacer, TurnScheduler inner) : TurnScheduler
{
    public override bool IsCallerFree => inner.IsCallerFree;

    public override bool IsThreadFree => inner.IsThreadFree;

    public override void Schedule(TurnQueue queue)
    {
        pacer.TurnBegins();
        System.Threading.ThreadPool.UnsafeQueueUserWorkItem(new Turns(pacer, queue), preferLocal: true);
    }

    public override void Start(Func<Task> work)
    {
        pacer.TurnBegins();
        inner.Start(async () =>
        {
            try
            {
                await work().ConfigureAwait(false);
            }
            finally
            {
                pacer.TurnEnds();
            }
        });
    }

    /// <summary>A request that waits for a transaction does not hold the time; the transaction's calls do.</summary>
    public override Task<T> Within<T>(TimeSpan limit, Task<T> task) =>
        task.IsCompleted || Work.Current is not { } request
            ? inner.Within(limit, task)
            : request.While(task, inner.Within(limit, task));

    private sealed class Turns(Pacer pacer, IThreadPoolWorkItem queue) : IThreadPoolWorkItem
    {
        public void Execute()
        {
            try
            {
                queue.Execute();
            }
            finally
            {
                pacer.TurnEnds();
            }
        }
    }
}

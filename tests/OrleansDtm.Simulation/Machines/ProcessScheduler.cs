using OrleansDtm.Grains.Running;
using OrleansDtm.Simulation.Engine;

namespace OrleansDtm.Simulation.Machines;

/// <summary>Simulates the thread pool: runs the turns of a process's transactions when the world draws them.</summary>
internal sealed class ProcessScheduler(World world, Process process) : TurnScheduler
{
    public override bool IsCallerFree => SynchronizationContext.Current is Turns { IsGrain: false };

    /// <summary>Random, because both cases occur in production.</summary>
    public override bool IsThreadFree =>
        process is { IsAlive: true, IsPaused: false }
        && SynchronizationContext.Current is null or Turns { IsGrain: false }
        && world.Random.Next(2) == 0;

    public override void Schedule(TurnQueue queue) =>
        process.WhenAwake(() => world.Ready(new Gathered(world, process, queue)));

    public override void Start(Func<Task> work) => process.NewTurns().Post(() => world.Watch(Unheard(work)));

    public override async Task<T> Within<T>(TimeSpan limit, Task<T> task)
    {
        var answer = new TaskCompletionSource<T>();
        world.After(
            limit, () => process.WhenAwake(() => answer.TrySetException(new TimeoutException("no answer in time"))));
        world.Watch(Bring(task, answer));
        return await answer.Task;
    }

    private static async Task Bring<T>(Task<T> task, TaskCompletionSource<T> answer)
    {
        try
        {
            answer.TrySetResult(await task);
        }
        catch (Exception e)
        {
            answer.TrySetException(e);
        }
    }

    private static async Task Unheard(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            // As in production: the transaction is resumed at the end of its lease.
        }
    }

    /// <summary>A queue with turns to run. Those of a paused process wait, those of a dead one are dropped.</summary>
    private sealed class Gathered(World world, Process process, TurnQueue queue) : IReady
    {
        public void RunOne()
        {
            world.NotReady(this);
            if (process.IsPaused)
            {
                process.WhenAwake(() => world.Ready(this));
            }
            else if (process.IsAlive)
            {
                ((IThreadPoolWorkItem)queue).Execute();
            }
        }
    }
}

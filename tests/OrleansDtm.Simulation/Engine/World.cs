using OrleansDtm.Simulation.Histories;

namespace OrleansDtm.Simulation.Engine;

/// <summary>
/// Virtual time and the single thread of a run. Ready activities run first, in an order drawn from the seed; if none is
/// ready, time moves to the next timer.
/// </summary>
internal sealed class World
{
    public static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly PriorityQueue<Action, (long At, int Order)> _moments = new();
    private readonly List<IReady> _ready = [];
    private int _order;

    public World(int seed)
    {
        Random = new Random(seed);
        History = new History(this);
    }

    /// <summary>The only source of randomness in a run.</summary>
    public Random Random { get; }

    public History History { get; }

    /// <summary>The virtual time since <see cref="Start"/>.</summary>
    public TimeSpan Now { get; private set; }

    public DateTimeOffset UtcNow => Start + Now;

    /// <summary>The number of turns so far.</summary>
    public long Steps { get; private set; }

    /// <summary>
    /// An exception of the simulator, or one that escaped from an async void method of production code.
    /// </summary>
    public Exception? Escaped { get; private set; }

    public void After(TimeSpan wait, Action happen) =>
        _moments.Enqueue(happen, ((Now + (wait > TimeSpan.Zero ? wait : TimeSpan.Zero)).Ticks, _order++));

    /// <summary>Draws a uniformly distributed time.</summary>
    public TimeSpan Between(TimeSpan from, TimeSpan to) =>
        from + TimeSpan.FromTicks((long)((to - from).Ticks * Random.NextDouble()));

    public TimeSpan Between(double fromMs, double toMs) =>
        Between(TimeSpan.FromMilliseconds(fromMs), TimeSpan.FromMilliseconds(toMs));

    /// <summary>
    /// Starts a task outside of the processes under test, such as a submitter. An exception is a bug of the simulator.
    /// </summary>
    public void Begin(Func<Task> task) => new Turns(this).Post(() => Watch(task()));

    public void Watch(Task task) => task.ContinueWith(
        t => Escaped ??= t.Exception!.GetBaseException(),
        CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);

    /// <summary>Returns a task that completes after a virtual time. Must be awaited in a turn.</summary>
    public Task Delay(TimeSpan wait)
    {
        var over = new TaskCompletionSource();
        After(wait, over.SetResult);
        return over.Task;
    }

    internal void Ready(IReady ready) => _ready.Add(ready);

    internal void NotReady(IReady ready) => _ready.Remove(ready);

    /// <summary>Runs until <paramref name="isOver"/>, until nothing is left to run, or until the limit.</summary>
    /// <returns>False if the limit was reached.</returns>
    public bool Run(Func<bool> isOver, TimeSpan limit, long stepsMax)
    {
        var context = SynchronizationContext.Current;
        try
        {
            while (Escaped is null && !isOver())
            {
                if (Steps >= stepsMax || Now > limit)
                {
                    return false;
                }

                if (!Next())
                {
                    return true;
                }
            }

            return true;
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private bool Next()
    {
        Steps++;
        try
        {
            if (_ready.Count > 0)
            {
                _ready[_ready.Count == 1 ? 0 : Random.Next(_ready.Count)].RunOne();
                return true;
            }

            if (!_moments.TryDequeue(out var happen, out var key))
            {
                return false;
            }

            Now = TimeSpan.FromTicks(key.At);
            SynchronizationContext.SetSynchronizationContext(null);
            happen();
            return true;
        }
        catch (Exception e)
        {
            Escaped = e;
            return false;
        }
    }
}

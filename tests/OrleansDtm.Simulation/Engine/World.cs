using OrleansDtm.Simulation.Histories;

namespace OrleansDtm.Simulation.Engine;

/// <summary>
/// Virtual time and the one thread on which everything happens. What is ready runs first, in an order drawn from the seed; when
/// nothing is, time moves to the next moment at which something is to happen.
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

    /// <summary>The only source of chance during a run.</summary>
    public Random Random { get; }

    public History History { get; }

    /// <summary>Since <see cref="Start"/>.</summary>
    public TimeSpan Now { get; private set; }

    public DateTimeOffset UtcNow => Start + Now;

    /// <summary>How many turns were taken so far.</summary>
    public long Steps { get; private set; }

    /// <summary>A bug of the simulator, or an exception that production let escape from an asynchronous void method.</summary>
    public Exception? Escaped { get; private set; }

    public void After(TimeSpan wait, Action happen) =>
        _moments.Enqueue(happen, ((Now + (wait > TimeSpan.Zero ? wait : TimeSpan.Zero)).Ticks, _order++));

    /// <summary>Evenly distributed.</summary>
    public TimeSpan Between(TimeSpan from, TimeSpan to) => from + TimeSpan.FromTicks((long)((to - from).Ticks * Random.NextDouble()));

    public TimeSpan Between(double fromMs, double toMs) => Between(TimeSpan.FromMilliseconds(fromMs), TimeSpan.FromMilliseconds(toMs));

    /// <summary>A task of somebody who is no process under test: a submitter, a service. What it throws is a bug of the simulator.</summary>
    public void Begin(Func<Task> task) => new Turns(this).Post(() => Watch(task()));

    public void Watch(Task task) => task.ContinueWith(
        t => Escaped ??= t.Exception!.GetBaseException(),
        CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);

    /// <summary>To be awaited in turns.</summary>
    public Task Delay(TimeSpan wait)
    {
        var over = new TaskCompletionSource();
        After(wait, over.SetResult);
        return over.Task;
    }

    internal void Ready(IReady ready) => _ready.Add(ready);

    internal void NotReady(IReady ready) => _ready.Remove(ready);

    /// <summary>Until <paramref name="isOver"/>, or nothing can happen any more, or the limit is reached.</summary>
    /// <returns>False when the limit was reached.</returns>
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

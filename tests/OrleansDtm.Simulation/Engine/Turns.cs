namespace OrleansDtm.Simulation.Engine;

/// <summary>An activity that is ready to run.</summary>
internal interface IReady
{
    void RunOne();
}

/// <summary>
/// The scheduler of one activity. Its continuations run one at a time in the order they became ready; the world draws
/// the next activity. Those of a paused process wait, those of a dead one are dropped.
/// </summary>
internal sealed class Turns(World world, bool grain = false) : SynchronizationContext, IReady
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _queue = new();
    private bool _held;
    private bool _gone;

    /// <summary>True if it stands for a grain, whose thread no other code may use; false for pool threads.</summary>
    public bool IsGrain => grain;

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (_gone)
        {
            return;
        }

        _queue.Enqueue((d, state));
        if (_queue.Count == 1 && !_held)
        {
            world.Ready(this);
        }
    }

    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("The simulation must not block.");

    public void Post(Action action) => Post(static a => ((Action)a!)(), action);

    public void RunOne()
    {
        SetSynchronizationContext(this);
        var (callback, state) = _queue.Dequeue();
        if (_queue.Count == 0)
        {
            world.NotReady(this);
        }

        callback(state);
    }

    public void Hold()
    {
        if (!_held && !_gone && _queue.Count > 0)
        {
            world.NotReady(this);
        }

        _held = true;
    }

    public void GoOn()
    {
        if (_held && !_gone && _queue.Count > 0)
        {
            world.Ready(this);
        }

        _held = false;
    }

    public void Drop()
    {
        if (!_held && !_gone && _queue.Count > 0)
        {
            world.NotReady(this);
        }

        _gone = true;
        _queue.Clear();
    }
}

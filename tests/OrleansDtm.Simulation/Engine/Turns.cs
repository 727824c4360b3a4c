namespace OrleansDtm.Simulation.Engine;

/// <summary>
/// The scheduler of one activation: its continuations run one at a time in the order they became ready, as on a grain; which
/// activation is next is the world's to draw. Those of a paused process wait, those of a dead one are gone.
/// </summary>
internal sealed class Turns(World world) : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _queue = new();
    private bool _held;
    private bool _gone;

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

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Nothing here may block.");

    public void Post(Action action) => Post(static a => ((Action)a!)(), action);

    public void TakeOne()
    {
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

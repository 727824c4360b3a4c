using OrleansDtm.Storage;

namespace OrleansDtm.Simulation.Stores;

/// <summary>
/// Keeps a <see cref="GroupCommitWriter"/>, which has a thread of its own, in step with the world's thread: at any moment only one of
/// the two runs. The writer's thread stops in <see cref="Commit"/> until the world has decided the batch's fate; the world's
/// thread stops in <see cref="Settle"/> until the writer has taken its next batch or has nothing left to do.
/// </summary>
internal sealed class Baton : SynchronizationContext, IBatchCommitter
{
    private readonly object _gate = new();
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _answers = new();
    private Exception? _refusal;
    private bool _decided;
    private bool _dead;
    private int _asked;
    private int _answered;

    /// <summary>What the writer wants to be committed; null = it is at rest.</summary>
    public IReadOnlyList<EncodedWrite>? Batch { get; private set; }

    public WriteResult[] Results { get; private set; } = [];

    /// <summary>On the writer's thread.</summary>
    public void Commit(IReadOnlyList<EncodedWrite> batch, WriteResult[] results)
    {
        lock (_gate)
        {
            (Batch, Results) = (batch, results);
            Monitor.PulseAll(_gate);
            while (!_decided && !_dead)
            {
                Monitor.Wait(_gate);
            }

            _decided = false;
            if (_dead)
            {
                throw new StoreUnavailableException("the process is dead");
            }

            if (_refusal is { } refusal)
            {
                _refusal = null;
                throw refusal;
            }
        }
    }

    /// <summary>On the writer's thread: a write is answered. What follows from that waits for the world's thread.</summary>
    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_gate)
        {
            _answers.Enqueue((d, state));
            _answered++;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>On the world's thread: a write was given to the writer, which answers in this context.</summary>
    public void Asked()
    {
        lock (_gate)
        {
            _asked++;
        }
    }

    /// <summary>On the world's thread: the batch is committed with the results that were filled in, or it failed.</summary>
    public void Decide(Exception? refusal)
    {
        lock (_gate)
        {
            Batch = null;
            _refusal = refusal;
            _decided = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>On the world's thread: waits for the writer, then does what its answers lead to.</summary>
    public void Settle()
    {
        lock (_gate)
        {
            while (!_dead && Batch is null && _answered < _asked)
            {
                Monitor.Wait(_gate);
            }
        }

        while (!_dead && _answers.TryDequeue(out var answer))
        {
            answer.Callback(answer.State);
        }
    }

    /// <summary>The process has died: the writer's thread is let go, and nobody hears of it.</summary>
    public void Die()
    {
        lock (_gate)
        {
            _dead = true;
            Monitor.PulseAll(_gate);
        }
    }
}

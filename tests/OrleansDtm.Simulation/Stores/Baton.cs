using OrleansDtm.Storage;

namespace OrleansDtm.Simulation.Stores;

/// <summary>
/// Synchronizes the thread of a <see cref="GroupCommitWriter"/> with the world's thread, so that only one of the two
/// runs at any time. The writer's thread blocks in <see cref="Commit"/> until the world has decided the batch's fate.
/// The world's thread blocks in <see cref="Settle"/> until the writer has taken its next batch or is idle.
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

    /// <summary>The batch to commit; null = the writer is idle.</summary>
    public IReadOnlyList<EncodedWrite>? Batch { get; private set; }

    public WriteResult[] Results { get; private set; } = [];

    /// <summary>Called on the writer's thread.</summary>
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

    /// <summary>
    /// Called on the writer's thread when a write completes. Queues the continuation for the world's thread.
    /// </summary>
    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_gate)
        {
            _answers.Enqueue((d, state));
            _answered++;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>
    /// Called on the world's thread when a write was passed to the writer, which completes it in this context.
    /// </summary>
    public void Asked()
    {
        lock (_gate)
        {
            _asked++;
        }
    }

    /// <summary>Called on the world's thread: completes the batch with its results, or fails it.</summary>
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

    /// <summary>
    /// Called on the world's thread: waits for the writer, then runs the continuations of completed writes.
    /// </summary>
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

    /// <summary>Handles the death of the process: releases the writer's thread and drops its results.</summary>
    public void Die()
    {
        lock (_gate)
        {
            _dead = true;
            Monitor.PulseAll(_gate);
        }
    }
}

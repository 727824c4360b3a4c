namespace OrleansDtm.Grains.Running;

/// <summary>
/// Runs what it is given one after the other: what an activation's scheduler is to a grain. What is awaited within a turn goes on in a
/// turn. Thread-safe.
/// </summary>
internal sealed class TurnQueue(TurnScheduler scheduler) : SynchronizationContext, IThreadPoolWorkItem
{
    private static readonly ExecutionContext Nobodys = OfNobody();

    private readonly Lock _gate = new();
    private Queue<Turn>? _more; // Seldom are there two: an answer and a request.
    private Turn _next;
    private bool _taken;
    private bool _ended;

    /// <summary>
    /// A continuation. It runs even after the end; on the thread of the pool that brings it, when nothing else is under way and that thread
    /// is in nobody else's turn: to wake a second one for it costs more than the turn does. Other threads, such as the store's, have more to
    /// do than this.
    /// </summary>
    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_gate)
        {
            if (_taken || !scheduler.IsThreadFree)
            {
                Add(new Turn(d, state));
                return;
            }

            _taken = true;
        }

        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            d(state);
        }
        finally
        {
            SetSynchronizationContext(before);
            Leave();
        }
    }

    /// <exception cref="NotSupportedException">Always: who waits for a turn holds a thread.</exception>
    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("A turn is not waited for.");

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Something from outside.</summary>
    /// <returns>False after the end.</returns>
    public bool Offer(SendOrPostCallback turn, object? state)
    {
        lock (_gate)
        {
            if (!_ended)
            {
                Add(new Turn(turn, state));
            }

            return !_ended;
        }
    }

    /// <summary>
    /// Something from outside, on the caller's thread but not in his context: nobody has to be woken for it.
    /// </summary>
    /// <returns>False, and nothing has run, when another turn is under way, the caller is bound to a scheduler, or after the end.</returns>
    public bool TryRun(SendOrPostCallback turn, object? state)
    {
        if (!scheduler.IsCallerFree || !TryTake())
        {
            return false;
        }

        try
        {
            ExecutionContext.Run(
                Nobodys,
                static state =>
                {
                    var (queue, turn) = ((TurnQueue, Turn))state!;
                    SetSynchronizationContext(queue); // Undone with the context.
                    turn.Do(turn.State);
                },
                (this, new Turn(turn, state)));
        }
        finally
        {
            Leave();
        }

        return true;
    }

    /// <summary>Takes nothing more from outside. To be called within a turn.</summary>
    /// <returns>False when something waits already: nothing has changed then.</returns>
    public bool TryEnd()
    {
        lock (_gate)
        {
            return _ended |= _next.Do is null;
        }
    }

    /// <summary>Takes nothing more from outside. What waits is run.</summary>
    public void End()
    {
        lock (_gate)
        {
            _ended = true;
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        SetSynchronizationContext(this);
        while (TryNext(out var turn))
        {
            turn.Do(turn.State);
        }

        SetSynchronizationContext(null);
    }

    /// <summary>What flows into a thread that nobody lets it flow into.</summary>
    private static ExecutionContext OfNobody()
    {
        var context = default(ExecutionContext);
        var thread = new Thread(() => context = ExecutionContext.Capture());
        thread.UnsafeStart();
        thread.Join();
        return context!;
    }

    private bool TryTake()
    {
        lock (_gate)
        {
            if (_taken || _ended)
            {
                return false;
            }

            return _taken = true;
        }
    }

    /// <summary>What has gathered meanwhile is not the caller's.</summary>
    private void Leave()
    {
        lock (_gate)
        {
            _taken = _next.Do is not null;
            if (_taken)
            {
                scheduler.Schedule(this);
            }
        }
    }

    private void Add(Turn turn)
    {
        if (_next.Do is not null)
        {
            (_more ??= new Queue<Turn>()).Enqueue(turn);
            return;
        }

        _next = turn;
        if (!_taken)
        {
            _taken = true;
            scheduler.Schedule(this);
        }
    }

    private bool TryNext(out Turn turn)
    {
        lock (_gate)
        {
            turn = _next;
            _next = default;
            _more?.TryDequeue(out _next);
            return _taken = turn.Do is not null;
        }
    }

    private readonly record struct Turn(SendOrPostCallback Do, object? State);
}

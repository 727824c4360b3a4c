namespace OrleansDtm.Grains.Running;

/// <summary>
/// Runs work items one after the other, like the scheduler of a grain activation. A continuation of a turn also runs in
/// a turn. Thread-safe.
/// </summary>
internal sealed class TurnQueue(TurnScheduler scheduler) : SynchronizationContext, IThreadPoolWorkItem
{
    private static readonly ExecutionContext Nobodys = OfNobody();

    private readonly Lock _gate = new();
    private Queue<Turn>? _more; // Rarely used: two items, such as a call result and a request, at the same time.
    private Turn _next;
    private bool _taken;
    private bool _ended;

    /// <summary>
    /// Runs a continuation, even after the end. It runs on the calling pool thread if no other turn is running and the
    /// thread is not in a turn of another queue, because waking a second thread costs more than the turn. Other
    /// threads, such as the store's, must not be blocked.
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

    /// <exception cref="NotSupportedException">Always: waiting for a turn would block a thread.</exception>
    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("Waiting for a turn is not supported.");

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Queues external work.</summary>
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
    /// Runs external work on the caller's thread, but not in the caller's context, so that no other thread has to be
    /// woken.
    /// </summary>
    /// <returns>False if nothing ran: another turn is running, the caller is bound to a scheduler, or the queue has
    /// ended.</returns>
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
                    SetSynchronizationContext(queue); // Restored with the execution context.
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

    /// <summary>Ends the queue for external work. Must be called within a turn.</summary>
    /// <returns>False, without a change, if work is already queued.</returns>
    public bool TryEnd()
    {
        lock (_gate)
        {
            return _ended |= _next.Do is null;
        }
    }

    /// <summary>Ends the queue for external work. Queued work still runs.</summary>
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

    /// <summary>The empty execution context of a turn.</summary>
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

    /// <summary>
    /// Runs the work that was queued in the meantime on another thread, because it does not belong to the caller.
    /// </summary>
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

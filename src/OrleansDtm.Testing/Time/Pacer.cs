using System.Diagnostics;

namespace OrleansDtm.Testing.Time;

/// <summary>
/// Decides when the time jumps. It jumps only when everything waits: no request, branch call or turn of a transaction
/// is under way, none is queued, and the time is not held. Every piece of work is counted before the one that caused
/// it ends, so the count is never zero in between.
/// </summary>
internal sealed partial class Pacer
{
    private readonly Lock _gate = new();
    private readonly HashSet<Work> _work = [];
    private readonly Dues _dues = new();
    private readonly List<Waiter> _waiters = [];
    private readonly PriorityQueue<TaskCompletionSource<bool>, long> _delays = new();
    private readonly List<(DateTimeOffset At, TaskCompletionSource Done)> _advances = [];
    private readonly DtmTestOptions _options;
    private int _turns;
    private int _holds;
    private bool _pumping;
    private bool _stopped;
    private DateTimeOffset _horizon;
    private DateTimeOffset _advanceTo;
    private long _lastActivity = Stopwatch.GetTimestamp();

    public Pacer(DtmTestOptions options)
    {
        _options = options;
        Clock = new DtmTestClock(this, options.StartTime ?? DateTimeOffset.UtcNow);
        Renew();
    }

    public DtmTestClock Clock { get; }

    /// <summary>Resumes an overdue transaction that is not in memory, as the coordinator's sweep does.</summary>
    public Func<string, Task> Resume { get; set; } = static _ => Task.CompletedTask;

    /// <summary>Begins work that holds the time until it is disposed.</summary>
    public Work Begin(string what)
    {
        var work = new Work(this, what);
        lock (_gate)
        {
            _work.Add(work);
            _lastActivity = Stopwatch.GetTimestamp();
        }

        return work;
    }

    public void End(Work work)
    {
        lock (_gate)
        {
            _work.Remove(work);
            _lastActivity = Stopwatch.GetTimestamp();
        }

        Consider();
    }

    public void TurnBegins()
    {
        lock (_gate)
        {
            _turns++;
        }
    }

    public void TurnEnds()
    {
        lock (_gate)
        {
            _turns--;
        }

        Consider();
    }

    public IDisposable Hold()
    {
        lock (_gate)
        {
            _holds++;
        }

        return new Held(this);
    }

    /// <summary>The test asks for something: time may advance further by itself.</summary>
    public void Renew()
    {
        lock (_gate)
        {
            _horizon = Clock.GetUtcNow() + _options.AutoAdvanceMax;
        }
    }

    /// <summary>Completes after a virtual time; the time jumps to it. False = the host stopped.</summary>
    public Task<bool> Delay(TimeSpan wait)
    {
        var over = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_stopped)
            {
                over.SetResult(false);
            }
            else
            {
                _delays.Enqueue(over, DtmTestClock.WholeMilliseconds(Clock.GetUtcNow() + wait).UtcTicks);
            }
        }

        return over.Task;
    }

    public async Task Advance(TimeSpan by)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            var now = Clock.GetUtcNow();
            _advanceTo = DtmTestClock.WholeMilliseconds((_advanceTo > now ? _advanceTo : now) + by);
            _advances.Add((_advanceTo, done));
        }

        Renew();
        Consider();
        await Patiently(done.Task, $"Time could not advance by {by}").ConfigureAwait(false);
    }

    /// <summary>Records when a transaction needs processing.</summary>
    /// <param name="gid">The gid.</param>
    /// <param name="at">Null = never.</param>
    /// <param name="prepared">Its submitter may be at work: the time does not pass <paramref name="at"/> by
    /// itself.</param>
    public void Due(string gid, DateTimeOffset? at, bool prepared)
    {
        lock (_gate)
        {
            _dues.Set(gid, at, prepared);
        }
    }

    /// <summary>Ends all waits, so that calls in flight end too.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            while (_delays.TryDequeue(out var delay, out _))
            {
                delay.TrySetResult(false);
            }
        }
    }

    /// <summary>Lets the time jump if everything waits.</summary>
    public void Consider()
    {
        lock (_gate)
        {
            if (_pumping || _stopped || !IsIdle)
            {
                return;
            }

            _pumping = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(static pacer => pacer.Pump(), this, preferLocal: false);
    }

    private bool IsIdle => _turns == 0 && _holds == 0 && _work.All(static work => work.IsWaiting);

    private void Pump()
    {
        while (true)
        {
            Step step;
            lock (_gate)
            {
                step = Next();
                if (step.To is null && step.Overdue is null)
                {
                    _pumping = false;
                    return;
                }

                _turns++; // What the jump starts is counted before the jump ends.
            }

            try
            {
                Do(step);
            }
            finally
            {
                lock (_gate)
                {
                    _turns--;
                }
            }
        }
    }

    private void Do(Step step)
    {
        if (step.Overdue is { } gid)
        {
            _ = ResumeCounted(gid, Begin($"the resumption of {gid}"));
            return;
        }

        Clock.JumpTo(step.To!.Value);
        lock (_gate)
        {
            while (_delays.TryPeek(out var delay, out var at) && at <= step.To.Value.UtcTicks)
            {
                _delays.Dequeue();
                delay.TrySetResult(true);
            }
        }
    }

    private async Task ResumeCounted(string gid, Work work)
    {
        using (work)
        {
            await Resume(gid).ConfigureAwait(false);
        }
    }

    /// <summary>Under the lock.</summary>
    private Step Next()
    {
        if (_stopped || !IsIdle)
        {
            return default;
        }

        var now = Clock.GetUtcNow();
        var due = _dues.First();
        var delay = _delays.TryPeek(out _, out var ticks) ? new DateTimeOffset(ticks, TimeSpan.Zero) : default;
        var isDelay = delay != default && (due is null || delay < due.At);
        var target = isDelay ? delay : due?.At;
        var limit = _options.AutoAdvance && _horizon > _advanceTo ? _horizon : _advanceTo;
        if (target is null || target > limit || (_advanceTo > now && FirstAdvance() is var stop && stop < target))
        {
            return Rest(now, due);
        }

        if (isDelay)
        {
            return new Step(delay, null);
        }

        if (due!.Prepared && due.At > _advanceTo)
        {
            if (!_waiters.Exists(waiter => waiter.Gid == due.Gid))
            {
                // Its submitter decides. WhenIdle completes here: nothing is under way.
                CompleteAdvances(now);
                foreach (var waiter in _waiters.Where(static waiter => waiter.Gid.Length == 0))
                {
                    waiter.Done.TrySetResult(new Verdict(false, $"{due.Gid} waits for its submitter"));
                }

                return default;
            }

            var grace = _options.SubmitterGrace;
            if (Stopwatch.GetElapsedTime(_lastActivity) < grace)
            {
                _ = Task.Delay(grace).ContinueWith(_ => Consider(), TaskScheduler.Default);
                return default;
            }
        }

        if (due.At > now)
        {
            return new Step(DtmTestClock.WholeMilliseconds(due.At), null);
        }

        _dues.Resumed(due);
        return new Step(null, due.Gid);
    }

    /// <summary>Nothing is due within the time that may pass.</summary>
    private Step Rest(DateTimeOffset now, Due? due)
    {
        if (_advanceTo > now)
        {
            return new Step(FirstAdvance(), null);
        }

        CompleteAdvances(now);
        var reason = due is null ? "nothing is due"
            : !_options.AutoAdvance ? "the clock advances by Clock.Advance only (AutoAdvance is false)"
            : $"the clock has advanced by {_options.AutoAdvanceMax} since the last request (AutoAdvanceMax)";
        foreach (var waiter in _waiters)
        {
            waiter.Done.TrySetResult(new Verdict(false, reason));
        }

        return default;
    }

    private DateTimeOffset FirstAdvance() => _advances.Min(static advance => advance.At);

    private void CompleteAdvances(DateTimeOffset now) => _advances.RemoveAll(advance =>
        advance.At <= now && advance.Done.TrySetResult());

    private readonly record struct Step(DateTimeOffset? To, string? Overdue);

    private sealed class Held(Pacer pacer) : IDisposable
    {
        private int _released;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _released, 1) == 0)
            {
                lock (pacer._gate)
                {
                    pacer._holds--;
                }

                pacer.Consider();
            }
        }
    }
}

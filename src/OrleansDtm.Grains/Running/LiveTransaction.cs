using OrleansDtm.Abstractions;
using OrleansDtm.Core;

namespace OrleansDtm.Grains.Running;

/// <summary>One active transaction on this silo: its runner, turn queue, timer and end.</summary>
internal sealed class LiveTransaction : IRunnerHost
{
    private readonly Transactions _all;
    private readonly TurnQueue _turns;
    private readonly TransactionRunner _runner;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ITimer? _timer;
    private bool _over;
    private bool _leaving;
    private bool _looking;

    public LiveTransaction(string gid, Transactions all)
    {
        (Gid, _all) = (gid, all);
        _turns = new TurnQueue(all.Scheduler);
        _runner = new TransactionRunner(gid, all.Services, this);
    }

    public string Gid { get; }

    /// <summary>Completes when the transaction is no longer active on this silo.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Passes an event to the runner, in a turn.</summary>
    /// <returns>Null if this run has ended; the caller must start another one.</returns>
    public Task<TransactionReply>? Tell(TransactionEvent occurred, bool wait, string? caller)
    {
        var telling = new Telling(this, occurred, wait, caller);
        return _turns.TryRun(static t => ((Telling)t!).Now(), telling) ? telling.Reply
            : _turns.Offer(static t => ((Telling)t!).Later(), telling.Postpone()) ? telling.Reply
            : null;
    }

    /// <summary>Ends the run as soon as no request waits in it. Unfinished work is in the store.</summary>
    public void Leave() => _turns.Post(
        static state =>
        {
            var run = (LiveTransaction)state!;
            run._leaving = true;
            run.EndIfIdle();
        },
        this);

    /// <summary>Ends the run now.</summary>
    public void Close() => _turns.Post(static run => ((LiveTransaction)run!).End(), this);

    bool IRunnerHost.IsAtHome => _all.IsHere(Gid);

    void IRunnerHost.WakeAt(DateTimeOffset? moment)
    {
        _over = false;
        if (_leaving)
        {
            LookAgain(); // After the runner's current turn.
        }

        if (moment is not { } at)
        {
            _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return;
        }

        // Rounded up and limited to the range of a timer. A wake-up that is too early only waits again.
        var wait = at - _all.Services.Clock.GetUtcNow();
        var due = TimeSpan.FromMilliseconds(
            Math.Clamp(Math.Ceiling(wait.TotalMilliseconds), 1, TimeSpan.FromDays(1).TotalMilliseconds));
        if (_timer is null)
        {
            _timer = _all.Services.Clock.CreateTimer(
                static run => ((LiveTransaction)run!).TimerFired(), this, due, Timeout.InfiniteTimeSpan);
        }
        else
        {
            _timer.Change(due, Timeout.InfiniteTimeSpan);
        }
    }

    void IRunnerHost.Done()
    {
        _over = true;
        LookAgain();
    }

    void IRunnerHost.Orphaned() => _all.Orphaned(Gid);

    private void TimerFired() => _turns.Offer(
        static state =>
        {
            var run = (LiveTransaction)state!;
            run._over = false;
            run._runner.Wake();
        },
        this);

    /// <summary>
    /// Ends the run after all queued turns, which may bring new work. Queued at most once, or two would wait for each
    /// other.
    /// </summary>
    private void LookAgain()
    {
        if (_looking)
        {
            return;
        }

        _looking = true;
        _turns.Post(
            static state =>
            {
                var run = (LiveTransaction)state!;
                run._looking = false;
                run.EndIfIdle();
            },
            this);
    }

    private void EndIfIdle()
    {
        if (_runner.IsDeciding || !(_over || (_leaving && !_runner.IsAwaited)))
        {
            return; // The runner decides what to do next.
        }

        if (_turns.TryEnd())
        {
            End();
        }
        else
        {
            LookAgain();
        }
    }

    private void End()
    {
        _turns.End();
        _timer?.Dispose();
        _runner.Close();
        _all.Forget(this);
        _ended.TrySetResult();
    }

    /// <summary>An event that is queued for the runner.</summary>
    private sealed class Telling(LiveTransaction run, TransactionEvent occurred, bool wait, string? caller)
    {
        private TaskCompletionSource<TransactionReply>? _later;

        public Task<TransactionReply>? Reply { get; private set; }

        /// <summary>The event's turn comes after <see cref="LiveTransaction.Tell"/> has returned.</summary>
        public Telling Postpone()
        {
            _later = new TaskCompletionSource<TransactionReply>(TaskCreationOptions.RunContinuationsAsynchronously);
            Reply = _later.Task;
            return this;
        }

        public void Now()
        {
            run._over = false;
            Reply = run._runner.Post(occurred, wait, caller);
        }

        public async void Later()
        {
            try
            {
                run._over = false;
                _later!.SetResult(await run._runner.Post(occurred, wait, caller));
            }
            catch (Exception e)
            {
                _later!.SetException(e);
            }
        }
    }
}

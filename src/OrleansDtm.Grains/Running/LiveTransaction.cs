using OrleansDtm.Abstractions;
using OrleansDtm.Core;

namespace OrleansDtm.Grains.Running;

/// <summary>One transaction as it runs in this silo: its runner, whose events take turns, its timer and its end.</summary>
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

    /// <summary>Ends when it is run here no more.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Tells its runner of an event, in a turn.</summary>
    /// <returns>Null when this run has ended: another one must be told.</returns>
    public Task<TransactionReply>? Tell(TransactionEvent occurred, bool wait, string? caller)
    {
        var telling = new Telling(this, occurred, wait, caller);
        return _turns.TryRun(static t => ((Telling)t!).Now(), telling) ? telling.Reply
            : _turns.Offer(static t => ((Telling)t!).Later(), telling.Postpone()) ? telling.Reply
            : null;
    }

    /// <summary>Ends it as soon as nobody waits in it. What is unfinished stands in the store.</summary>
    public void Leave() => _turns.Post(
        static state =>
        {
            var run = (LiveTransaction)state!;
            run._leaving = true;
            run.EndIfIdle();
        },
        this);

    /// <summary>Ends it now.</summary>
    public void Close() => _turns.Post(static run => ((LiveTransaction)run!).End(), this);

    bool IRunnerHost.IsAtHome => _all.IsHere(Gid);

    void IRunnerHost.WakeAt(DateTimeOffset? moment)
    {
        _over = false;
        if (_leaving)
        {
            LookAgain(); // When the runner has come to the end of its turn.
        }

        if (moment is not { } at)
        {
            _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return;
        }

        // Never early, never beyond what a timer can hold: a wake that comes too soon only looks and waits again.
        var wait = at - _all.Services.Clock.GetUtcNow();
        var due = TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling(wait.TotalMilliseconds), 1, TimeSpan.FromDays(1).TotalMilliseconds));
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

    /// <summary>After all turns that wait already: they may give it something to do. Once, or two of these would wait for each other.</summary>
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
            return; // The runner will say how it goes on.
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

    /// <summary>An event on its way into the runner.</summary>
    private sealed class Telling(LiveTransaction run, TransactionEvent occurred, bool wait, string? caller)
    {
        private TaskCompletionSource<TransactionReply>? _later;

        public Task<TransactionReply>? Reply { get; private set; }

        /// <summary>Its turn comes after <see cref="LiveTransaction.Tell"/> has returned.</summary>
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

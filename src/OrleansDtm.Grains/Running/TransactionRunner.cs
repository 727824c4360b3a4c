using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Running;

/// <summary>
/// Runs one transaction: takes events, stores decisions, then makes the calls. All dependencies are constructor
/// parameters, so that a simulator can run it on virtual time. Not thread-safe: calls and continuations must run in
/// turns (of a <see cref="TurnQueue"/> or of the simulator).
/// </summary>
public sealed partial class TransactionRunner
{
    /// <summary>
    /// The number of consecutive version conflicts after which a request gets "unavailable" instead of a retry.
    /// </summary>
    private const int ConflictsMax = 5;

    /// <summary>The time a prepared transaction stays in memory after the last request if it is not due soon.</summary>
    private static readonly TimeSpan LingerWhilePrepared = TimeSpan.FromSeconds(5);

    private readonly string _gid;
    private readonly RunnerServices _services;
    private readonly IRunnerHost _host;
    private readonly ITransactionObserver[] _observers;
    private readonly HashSet<int> _outstanding = [];
    private readonly List<PendingEvent> _waiters = [];
    private List<PendingEvent> _inbox = [];
    private Task<TransactionReply>? _pause;
    private Transaction? _state;
    private bool _loaded;
    private bool _tryBlindly = true;
    private long _goneOwner;

    /// <summary>The owner of calls in flight that were read from the store and not made here; 0 = unknown.</summary>
    private long _inheritedOwner;

    private bool _pumping;
    private bool _closed;
    private bool _lingering;
    private int _epoch;
    private int _conflicts;
    private int _storeFailures;

    public TransactionRunner(string gid, RunnerServices services, IRunnerHost host)
    {
        _gid = gid;
        _services = services;
        _host = host;
        _observers = services.Watching;
    }

    /// <summary>True if a request waits for the end or for a pause.</summary>
    public bool IsAwaited => _waiters.Count > 0;

    /// <summary>True while an event is being decided or written.</summary>
    public bool IsDeciding => _pumping;

    /// <summary>Applies an external event; the task completes when the decision is durable.</summary>
    /// <param name="occurred">The event.</param>
    /// <param name="wait">True to respond only when the transaction has ended or waits for a retry.</param>
    /// <param name="caller">traceparent of the request's span; null = not traced.</param>
    public Task<TransactionReply> Post(TransactionEvent occurred, bool wait = false, string? caller = null)
    {
        if (_closed)
        {
            return Task.FromResult(Replies.Stopping());
        }

        if (occurred is TransactionEvent.TimeDue due)
        {
            _goneOwner = due.GoneOwner == 0 ? _goneOwner : due.GoneOwner;
            if (wait)
            {
                // All requests share one wait, so that repeated requests do not accumulate.
                return _pause is { IsCompleted: false } ? _pause : _pause = Ask(occurred, wait, caller);
            }
        }

        return Ask(occurred, wait, caller);
    }

    private Task<TransactionReply> Ask(TransactionEvent occurred, bool wait, string? caller)
    {
        var pending = new PendingEvent(occurred, wait) { Caller = caller };
        _lingering = false;
        _inbox.Add(pending);
        RunPump();
        return pending.Reply!.Task;
    }

    /// <summary>Handles the timer set with <see cref="IRunnerHost.WakeAt"/>.</summary>
    public void Wake()
    {
        if (!_closed)
        {
            _inbox.Add(PendingEvent.Internal(TransactionEvent.TimeDue.Instance));
            RunPump();
        }
    }

    /// <summary>
    /// Closes the runner because its host ends. Waiting requests get "stopping"; unfinished work is in the store.
    /// </summary>
    public void Close()
    {
        _closed = true;
        foreach (var pending in _inbox)
        {
            pending.Reply?.TrySetResult(Replies.Stopping());
        }

        _inbox.Clear();
        ReleaseWaiters(Replies.Stopping());
        Measure();
    }

    private async void RunPump()
    {
        if (_pumping || _closed)
        {
            return;
        }

        _pumping = true;
        try
        {
            while (_inbox.Count > 0 && await Step())
            {
            }

            Settle();
        }
        catch (Exception e)
        {
            // A bug, not a store error: the stored state is unchanged and the sweep tries again.
            using (BeginLog())
            {
                _services.Log.RunnerFailed(e, Namespaces.Plain(_gid));
            }

            ForgetCalls();
            foreach (var pending in _inbox)
            {
                pending.Reply?.TrySetException(e);
            }

            _inbox.Clear();
            ReleaseWaiters(Replies.Unavailable(e.Message));
            _host.Done();
        }
        finally
        {
            _pumping = false;
        }
    }

    /// <summary>Decides all pending events in one write. False = the store is unavailable, try again later.</summary>
    private async Task<bool> Step()
    {
        var batch = TakeBatch();
        var isRead = false;
        Transaction? attempted = null;
        try
        {
            if (!_loaded && !(_tryBlindly && CanCreateBlindly(batch)))
            {
                if (IsRefusedUnread(batch))
                {
                    return true;
                }

                await Load();
                isRead = true;
                DropWritten(batch);
                if (IsRefusedByMemory(batch))
                {
                    Forget();
                    return true;
                }
            }

            var fold = Fold(batch);
            if (ReferenceEquals(fold.Next, _state))
            {
                if (!isRead && batch.Exists(IsForStoredCalls) && await IsOvertaken())
                {
                    OnConflict(batch);
                    return true;
                }

                Decided(batch, null);

                // That there is no row is no memory to judge later requests by: another process may create it, and no
                // write of this one would notice.
                _loaded = _state is not null || _outstanding.Count > 0;
                return true;
            }

            var next = fold.Next! with { Version = (_state?.Version ?? 0) + 1 };
            attempted = next;
            var owner = OwnerOf(next, batch, fold.Calls);
            var result = await Write(new TransactionWrite(_state, next, owner), batch);
            _storeFailures = 0;
            if (result == WriteResult.Conflict)
            {
                OnConflict(batch);
                return true;
            }

            var before = _state;
            _state = next;
            Measure();
            _loaded = true;
            _conflicts = 0;
            Decided(batch, fold.Calls);
            Tell(batch, before, next);
            return true;
        }
        catch (StoreUnavailableException e)
        {
            OnStoreAway(batch, attempted, e);
            return false;
        }
        catch (StoreTooLargeException e)
        {
            return OnTooLarge(batch, attempted, e);
        }
        catch
        {
            _inbox.InsertRange(0, batch);
            throw;
        }
    }

    /// <summary>
    /// Orders FAILURE results before successes of the same batch. Otherwise a success could start calls that the
    /// failure forbids.
    /// </summary>
    private static List<PendingEvent> RefusalsFirst(List<PendingEvent> batch) => batch.Count < 2
        ? batch
        : [.. batch.OrderBy(
            static p => p.Event is TransactionEvent.BranchAnswered { Outcome.Kind: OutcomeKind.Failed } ? 0 : 1)];

    /// <summary>
    /// Returns true if a new transaction can be inserted without a read first; the insert fails if it exists.
    /// </summary>
    private static bool CanCreateBlindly(List<PendingEvent> batch) =>
        batch[0].Event is TransactionEvent.Prepare
        || (batch[0].Event
            is TransactionEvent.Submit { Submission.Definition.Type: TransactionType.Saga or TransactionType.Msg });

    private async Task Load()
    {
        var stored = await _services.Store.Load(_gid, CancellationToken.None);
        _storeFailures = 0;
        _state = stored?.Transaction;
        Measure();
        _inheritedOwner = stored?.Owner ?? 0;
        _loaded = true;
    }

    private (Transaction? Next, List<BranchCall>? Calls) Fold(List<PendingEvent> batch)
    {
        var now = _services.Clock.GetUtcNow();
        var next = _state;
        List<BranchCall>? calls = null;
        if (ShouldTakeOver(now))
        {
            Apply(new TransactionEvent.Resumed(ReallyOutstanding(batch)), now, ref next, ref calls);
        }

        foreach (var pending in batch)
        {
            pending.PrepareAskedToWait = TransactionMachine.PrepareAskedToWait(next, pending.Event);
            pending.Rejection = Apply(pending.Event, now, ref next, ref calls);
        }

        return (next, calls);
    }

    private static Rejection? Apply(
        TransactionEvent occurred, DateTimeOffset now, ref Transaction? next, ref List<BranchCall>? calls)
    {
        var decision = TransactionMachine.Decide(next, occurred, now);
        next = decision.Next;
        if (decision.Calls.Length > 0)
        {
            (calls ??= new List<BranchCall>(decision.Calls.Length)).AddRange(decision.Calls);
        }

        return decision.Rejection;
    }

    /// <summary>Completes a batch whose decision is durable or changed nothing.</summary>
    private void Decided(List<PendingEvent> batch, List<BranchCall>? calls)
    {
        foreach (var pending in batch)
        {
            if (pending.Event is TransactionEvent.BranchAnswered answered)
            {
                _outstanding.Remove(answered.Index);
            }
        }

        // Reply first, so that starting calls does not add to the submitter's latency.
        Answer(batch);
        if (batch.Exists(static p => p is { Event: TransactionEvent.ForceStop, Rejection: null }))
        {
            // Also calls of an earlier run: they would only block their services' places.
            _services.Caller.Cancel(_gid);
        }

        if (calls is not null)
        {
            StartCalls(calls);
        }

        if (_state is not { IsFinal: false, HasInFlight: true })
        {
            ReleaseWaiters(Replies.Of(_state));
        }
    }

    /// <summary>Notifies the observers (alerts, metrics) of the durable change. They neither block nor throw.</summary>
    private void Tell(List<PendingEvent> batch, Transaction? before, Transaction after)
    {
        foreach (var observer in _observers)
        {
            foreach (var pending in batch)
            {
                if (pending.Event is TransactionEvent.BranchAnswered answered)
                {
                    observer.OnBranchAnswered(after, answered);
                }
            }

            if (before?.Status != after.Status)
            {
                observer.OnStatusChanged(after);
            }

            if (after.IsFinal && before is not { IsFinal: true })
            {
                observer.OnFinished(after);
            }
        }

        TellParked(before, after);
    }

    private void TellParked(Transaction? before, Transaction after)
    {
        if (_observers.Length == 0 || !after.IsParked)
        {
            return;
        }

        for (var i = Transaction.QueryIndex; i < after.Branches.Length; i++)
        {
            var wasParked = before is not null && i < before.Branches.Length && before.Live(i) is { Parked: true };
            if (!wasParked && after.Live(i) is { Parked: true })
            {
                foreach (var observer in _observers)
                {
                    observer.OnParked(after, i);
                }
            }
        }
    }

    private void Answer(List<PendingEvent> batch)
    {
        foreach (var pending in batch)
        {
            if (pending.Reply is null)
            {
                continue;
            }

            if (pending.Rejection is { } rejection)
            {
                pending.Answer(Replies.Refused(rejection, _state));
            }
            else if ((pending.Wait || pending.PrepareAskedToWait)
                && !_closed
                && _state is { IsFinal: false, HasInFlight: true })
            {
                _waiters.Add(pending);
            }
            else
            {
                pending.Answer(Replies.Of(_state));
            }
        }
    }

    private void ReleaseWaiters(TransactionReply reply)
    {
        foreach (var waiter in _waiters)
        {
            waiter.Answer(reply);
        }

        _waiters.Clear();
    }

    private void Forget()
    {
        _state = null;
        _loaded = false;
        Measure();
    }

    /// <summary>Forgets the calls in flight: their results belong to a discarded state.</summary>
    private void ForgetCalls()
    {
        Forget();
        _epoch++;
        _outstanding.Clear();
    }

    /// <summary>Sets the timer for the next action, or releases the host if there is none.</summary>
    private void Settle()
    {
        if (_closed)
        {
            return;
        }

        if (_inbox.Count > 0 || (!_loaded && _outstanding.Count > 0))
        {
            // The store is unavailable and call results wait to be written.
            var wait = TimeSpan.FromSeconds(Math.Min(10, Math.Pow(2, Math.Max(0, _storeFailures - 1)) / 2));
            _host.WakeAt(_services.Clock.GetUtcNow() + wait);
            return;
        }

        if (_state is not { } state || (state.IsFinal && state.Due is null))
        {
            LetGo();
            return;
        }

        if (_outstanding.Count > 0)
        {
            _host.WakeAt(state.WakeAt);
            return;
        }

        if (!_host.IsAtHome)
        {
            LetGo(); // The transaction now belongs to another silo. Two owners would only cause version conflicts.
            return;
        }

        var tight = _services.Live.IsTight;
        if (!tight && state.Due is { } due && due - _services.Clock.GetUtcNow() <= _services.KeepAlive)
        {
            _host.WakeAt(due);
            return;
        }

        if (!tight && state.Status == TransactionStatus.Prepared && !_lingering)
        {
            // The submitter will register branches or submit soon: avoid a load for each request.
            _lingering = true;
            _host.WakeAt(_services.Clock.GetUtcNow() + LingerWhilePrepared);
            return;
        }

        LetGo(); // The sweep resumes it when it is due.
    }

    /// <summary>Releases the host after replying to all waiting requests.</summary>
    private void LetGo()
    {
        ReleaseWaiters(_state is null
            ? Replies.Unavailable("the transaction's status is not known at the moment")
            : Replies.Of(_state));
        _host.Done();
    }
}

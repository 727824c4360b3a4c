using Microsoft.Extensions.Logging;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Running;

/// <summary>
/// Runs one transaction: events in, decisions stored, then their effects. Everything it needs comes in by constructor, so that a
/// simulator can run it on virtual time. Not thread-safe: all calls and continuations must take turns (a
/// <see cref="TurnQueue"/>'s, or the simulator's).
/// </summary>
public sealed partial class TransactionRunner
{
    /// <summary>Writes lost in a row to another owner before a request is answered "unavailable" instead of trying again.</summary>
    private const int ConflictsMax = 5;

    /// <summary>How long a prepared transaction stays in memory after the last request, when its due moment is far.</summary>
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

    /// <summary>Who had the calls under way that were found in the store and are not made from here; 0 = nobody knows any more.</summary>
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

    /// <summary>Somebody waits for its end, or for a pause.</summary>
    public bool IsAwaited => _waiters.Count > 0;

    /// <summary>Something is being decided, or written.</summary>
    public bool IsDeciding => _pumping;

    /// <summary>Brings an event from outside in; the task ends when it is decided and durable.</summary>
    /// <param name="occurred">What is asked for.</param>
    /// <param name="wait">Answer only when the transaction has ended or pauses before a retry.</param>
    /// <param name="caller">traceparent of the request's span; null = nobody traces it.</param>
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
                // One wait for all who ask: repeated questions must not pile up waits.
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

    /// <summary>The moment asked for by <see cref="IRunnerHost.WakeAt"/> has come.</summary>
    public void Wake()
    {
        if (!_closed)
        {
            _inbox.Add(PendingEvent.Internal(TransactionEvent.TimeDue.Instance));
            RunPump();
        }
    }

    /// <summary>The host goes away: nobody gets an answer from here any more. What is unfinished stands in the store.</summary>
    public void Close()
    {
        _closed = true;
        foreach (var pending in _inbox)
        {
            pending.Reply?.TrySetResult(Replies.Stopping());
        }

        _inbox.Clear();
        ReleaseWaiters(Replies.Stopping());
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
            // A bug, not a fault of the store: the transaction stays as it is stored and the sweep tries again.
            using (BeginLog())
            {
                _services.Log.RunnerFailed(e, _gid);
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

    /// <summary>Decides everything that has gathered in one write. False = the store is away, come back later.</summary>
    private async Task<bool> Step()
    {
        var batch = TakeBatch();
        Transaction? attempted = null;
        try
        {
            if (!_loaded && !(_tryBlindly && CanCreateBlindly(batch)))
            {
                await Load();
                DropWritten(batch);
            }

            var fold = Fold(batch);
            if (ReferenceEquals(fold.Next, _state))
            {
                Decided(batch, null);

                // That there is no row is no memory to judge later requests by: another process may create it, and no write of this
                // one would notice.
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
    /// A refusal that gathered together with successes is judged before them: otherwise they could start calls that the refusal
    /// forbids in the same write.
    /// </summary>
    private static List<PendingEvent> RefusalsFirst(List<PendingEvent> batch) => batch.Count < 2
        ? batch
        : [.. batch.OrderBy(static p => p.Event is TransactionEvent.BranchAnswered { Outcome.Kind: OutcomeKind.Failed } ? 0 : 1)];

    /// <summary>A new transaction is inserted without looking first: if it exists, the insert says so.</summary>
    private static bool CanCreateBlindly(List<PendingEvent> batch) =>
        batch[0].Event is TransactionEvent.Prepare
        || (batch[0].Event is TransactionEvent.Submit { Submission.Definition.Type: TransactionType.Saga or TransactionType.Msg });

    private async Task Load()
    {
        var stored = await _services.Store.Load(_gid, CancellationToken.None);
        _storeFailures = 0;
        _state = stored?.Transaction;
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

    /// <summary>The batch is decided and what follows from it is durable, or nothing followed.</summary>
    private void Decided(List<PendingEvent> batch, List<BranchCall>? calls)
    {
        foreach (var pending in batch)
        {
            if (pending.Event is TransactionEvent.BranchAnswered answered)
            {
                _outstanding.Remove(answered.Index);
            }
        }

        // Answers first: the submitter's wait must not grow by the time it takes to start calls.
        Answer(batch);
        if (calls is not null)
        {
            StartCalls(calls);
        }

        if (_state is not { IsFinal: false, HasInFlight: true })
        {
            ReleaseWaiters(Replies.Of(_state));
        }
    }

    /// <summary>What is durable now is told to those who watch: alerts, metrics. They neither wait nor throw.</summary>
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

            if (after.IsFinal && before is not { IsFinal: true })
            {
                observer.OnFinished(after);
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
            else if ((pending.Wait || pending.PrepareAskedToWait) && !_closed && _state is { IsFinal: false, HasInFlight: true })
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

    /// <summary>Another activation has written: what this one believes is void. Requests are judged again, answers of calls are not.</summary>
    private void OnConflict(List<PendingEvent> batch)
    {
        var insert = _state is null;
        if (!insert)
        {
            using (BeginLog())
            {
                _services.Log.LostToAnotherOwner(_gid);
            }
        }

        ForgetCalls();
        _tryBlindly = false; // An insert that lost says that the gid exists: look at it now.
        if (!insert && ++_conflicts >= ConflictsMax)
        {
            _conflicts = 0;
            foreach (var pending in batch)
            {
                pending.Reply?.TrySetResult(Replies.Unavailable("another coordinator is working on this transaction"));
            }

            return;
        }

        // Also what arrived while the lost write was under way: it answers calls of the life that is over.
        _inbox.RemoveAll(static p => p.Event is TransactionEvent.BranchAnswered);
        _inbox.InsertRange(0, batch.Where(p => p.Reply is not null));
        if (_waiters.Count > 0 || !insert)
        {
            // Look at what those who wait must be told, and at calls that stand as ours there and are forgotten here.
            _inbox.Add(PendingEvent.Internal(TransactionEvent.TimeDue.Instance));
        }
    }

    /// <summary>Whether the write happened is unknown: requests are told to come again, answers of calls are kept.</summary>
    private void OnStoreAway(List<PendingEvent> batch, Transaction? attempted, Exception e)
    {
        if (_services.Log.IsEnabled(LogLevel.Debug))
        {
            using (BeginLog())
            {
                _services.Log.StoreAway(e, _gid);
            }
        }

        var known = _state is not null;
        Forget();
        _tryBlindly = false;
        _storeFailures++;
        foreach (var pending in batch)
        {
            pending.Reply?.TrySetResult(Replies.Unavailable(e.Message));
        }

        _inbox.InsertRange(0, batch.Where(p => p.Event is TransactionEvent.BranchAnswered));
        if (attempted is { HasInFlight: true } && (known || attempted.LeaseUntil - _services.Clock.GetUtcNow() > _services.KeepAlive))
        {
            // If it was written after all, it holds calls that nobody makes: look again instead of waiting for their lease to end.
            _inbox.Add(PendingEvent.Internal(TransactionEvent.TimeDue.Instance));
        }
    }

    private void Forget()
    {
        _state = null;
        _loaded = false;
    }

    /// <summary>Also the calls under way: what they answer belongs to a state that is no more.</summary>
    private void ForgetCalls()
    {
        Forget();
        _epoch++;
        _outstanding.Clear();
    }

    /// <summary>Nothing is left to do now: come back at the right moment, or let the host go.</summary>
    private void Settle()
    {
        if (_closed)
        {
            return;
        }

        if (_inbox.Count > 0 || (!_loaded && _outstanding.Count > 0))
        {
            // The store is away but answers wait to be written.
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
            LetGo(); // Silos have come or gone: the one it belongs to now goes on with it, and two would only disturb each other.
            return;
        }

        if (state.Due is { } due && due - _services.Clock.GetUtcNow() <= _services.KeepAlive)
        {
            _host.WakeAt(due);
            return;
        }

        if (state.Status == TransactionStatus.Prepared && !_lingering)
        {
            // Its submitter is about to register branches or to decide: do not load it anew for each request.
            _lingering = true;
            _host.WakeAt(_services.Clock.GetUtcNow() + LingerWhilePrepared);
            return;
        }

        LetGo(); // The sweep brings it back when it is due.
    }

    /// <summary>A host ends only when nobody waits in it.</summary>
    private void LetGo()
    {
        ReleaseWaiters(_state is null ? Replies.Unavailable("how it stands is not known just now") : Replies.Of(_state));
        _host.Done();
    }
}

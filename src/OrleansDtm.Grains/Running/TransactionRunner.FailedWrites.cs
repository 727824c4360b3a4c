using Microsoft.Extensions.Logging;
using OrleansDtm.Core;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Running;

/// <summary>
/// Writes that failed: another activation was first, the store is unavailable, or the write is larger than it accepts.
/// </summary>
public sealed partial class TransactionRunner
{
    /// <summary>The number of events in the inbox to decide one by one.</summary>
    private int _alone;

    /// <summary>Takes all pending events, or one event if a batch was too large.</summary>
    private List<PendingEvent> TakeBatch()
    {
        if (_alone > 0 && _alone-- > 0 && _inbox.Count > 1)
        {
            var first = _inbox[0];
            _inbox.RemoveAt(0);
            return [first];
        }

        var batch = RefusalsFirst(_inbox);
        _inbox = [];
        return batch;
    }

    /// <summary>
    /// An operator's request for calls that wait or are put aside. The memory of a process that another one has
    /// overtaken has other calls; if the request changes nothing there, no write would notice that.
    /// </summary>
    private static bool IsForStoredCalls(PendingEvent pending) => pending.Event
        is TransactionEvent.RetryNow or TransactionEvent.RetryBranch or TransactionEvent.ResolveBranch;

    private async Task<bool> IsOvertaken() =>
        (await _services.Store.Load(_gid, CancellationToken.None))?.Transaction.Version != _state?.Version;

    /// <summary>
    /// Handles a version conflict: another activation has written. Requests are decided again; call results are
    /// dropped.
    /// </summary>
    private void OnConflict(List<PendingEvent> batch)
    {
        var insert = _state is null;
        if (!insert)
        {
            using (BeginLog())
            {
                _services.Log.LostToAnotherOwner(Namespaces.Plain(_gid));
            }
        }

        ForgetCalls();
        _tryBlindly = false; // The insert failed, so the gid exists: read it.
        if (!insert && ++_conflicts >= ConflictsMax)
        {
            _conflicts = 0;
            foreach (var pending in batch)
            {
                pending.Reply?.TrySetResult(Replies.Unavailable("another coordinator is working on this transaction"));
            }

            return;
        }

        // Also results that arrived during the failed write: they belong to calls of the discarded state.
        _inbox.RemoveAll(static p => p.Event is TransactionEvent.BranchAnswered);
        _inbox.InsertRange(0, batch.Where(p => p.Reply is not null));
        if (_waiters.Count > 0 || !insert)
        {
            // Read the state for waiting requests, and for stored calls of this process that are no longer known here.
            _inbox.Add(PendingEvent.Internal(TransactionEvent.TimeDue.Instance));
        }
    }

    /// <summary>Handles a write with unknown result: requests get "unavailable", call results are kept.</summary>
    private void OnStoreAway(List<PendingEvent> batch, Transaction? attempted, Exception e)
    {
        if (_services.Log.IsEnabled(LogLevel.Debug))
        {
            using (BeginLog())
            {
                _services.Log.StoreAway(e, Namespaces.Plain(_gid));
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
        if (attempted is { HasInFlight: true }
            && (known || attempted.LeaseUntil - _services.Clock.GetUtcNow() > _services.KeepAlive))
        {
            // If it was written, it contains calls that no process makes. Read it again instead of waiting for the
            // lease.
            _inbox.Add(PendingEvent.Internal(TransactionEvent.TimeDue.Instance));
        }
    }

    /// <summary>Handles a write that was too large; nothing was stored. False = try again later.</summary>
    private bool OnTooLarge(List<PendingEvent> batch, Transaction? attempted, StoreTooLargeException e)
    {
        if (batch.Count > 1)
        {
            // Decide them one by one, so that no request is rejected because of another one's size.
            _alone = batch.Count;
            _inbox.InsertRange(0, batch);
            Forget();
            return true;
        }

        if (batch[0].Reply is not { } reply)
        {
            // An internal event stays due until the limit is raised. Requests such as a force stop must not wait for
            // it.
            using (BeginLog())
            {
                _services.Log.TooLarge(e, Namespaces.Plain(_gid));
            }

            if (_inbox.Exists(static p => p.Reply is not null))
            {
                _inbox.Add(batch[0]);
                Forget();
                return true;
            }

            OnStoreAway(batch, attempted, e);
            return false;
        }

        Forget();
        _tryBlindly = false;
        reply.TrySetResult(Replies.TooLarge(e.Message));
        return true;
    }
}

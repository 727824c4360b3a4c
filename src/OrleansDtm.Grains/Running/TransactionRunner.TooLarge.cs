using OrleansDtm.Core;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Running;

/// <summary>Writes that are larger than the database accepts.</summary>
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
                _services.Log.TooLarge(e, _gid);
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

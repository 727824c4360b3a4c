using OrleansDtm.Core;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Running;

/// <summary>What the database does not take in one write.</summary>
public sealed partial class TransactionRunner
{
    /// <summary>So many events of the inbox are decided one by one.</summary>
    private int _alone;

    /// <summary>All that has gathered, or the next one of those that were too large together.</summary>
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

    /// <summary>Nothing was stored. False = come back later.</summary>
    private bool OnTooLarge(List<PendingEvent> batch, Transaction? attempted, StoreTooLargeException e)
    {
        if (batch.Count > 1)
        {
            // One of them is too large, or all together: a request must not be refused for what another one brought.
            _alone = batch.Count;
            _inbox.InsertRange(0, batch);
            Forget();
            return true;
        }

        if (batch[0].Reply is not { } reply)
        {
            // An event of our own stays due until the limit is raised; requests, a force stop among them, must not wait behind it.
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

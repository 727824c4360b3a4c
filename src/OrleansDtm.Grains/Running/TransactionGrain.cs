using Orleans.Concurrency;
using Orleans.GrainDirectory;
using Orleans.Placement;
using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Messages;

namespace OrleansDtm.Grains.Running;

/// <summary>
/// A transaction's address in the cluster: brings what other silos tell it to its run, and lasts as long as that. Reentrant,
/// because the run orders events itself and no request may wait behind a slow branch.
/// </summary>
[Reentrant]
[TransactionPlacement]
[GrainDirectory(TransactionDirectory.Name)]
[Immovable] // A move would find it back here: it lives where its gid says.
[KeepAlive] // It ends itself.
internal sealed class TransactionGrain(Transactions transactions) : Grain, ITransactionGrain
{
    private int _requests;
    private bool _ending;

    public async Task<TransactionReply> Tell(EventMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        var gid = this.GetPrimaryKeyString();
        _requests++;
        try
        {
            return await transactions.TellHere(gid, message.Event, message.Wait);
        }
        finally
        {
            if (--_requests == 0 && !_ending)
            {
                _ending = true;
                End(gid).Ignore();
            }
        }
    }

    private async Task End(string gid)
    {
        await transactions.Ended(gid);
        _ending = false;
        if (_requests == 0)
        {
            // As DeactivateOnIdle, which would throw where the silo has been cut off and this is no activation any more.
            GrainContext.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "The transaction needs nothing just now."));
        }
    }
}

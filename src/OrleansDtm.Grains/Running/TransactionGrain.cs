using Orleans.Concurrency;
using Orleans.GrainDirectory;
using Orleans.Placement;
using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Messages;

namespace OrleansDtm.Grains.Running;

/// <summary>
/// Receives events from other silos and passes them to the transaction's run. Active as long as that run. Reentrant,
/// because the run orders events itself and no request may wait for a slow branch.
/// </summary>
[Reentrant]
[TransactionPlacement]
[GrainDirectory(TransactionDirectory.Name)]
[Immovable] // Its silo is computed from the gid, so a migration would bring it back.
[KeepAlive] // It deactivates itself.
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
            // Like DeactivateOnIdle, which would throw if the activation has already ended with its partitioned silo.
            GrainContext.Deactivate(
                new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "The transaction is idle."));
        }
    }
}

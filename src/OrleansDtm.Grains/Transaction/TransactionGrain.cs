using Orleans.Concurrency;
using Orleans.GrainDirectory;
using Orleans.Placement;
using OrleansDtm.Abstractions;

namespace OrleansDtm.Grains.Transaction;

/// <summary>
/// A transaction's address in the cluster: brings what other silos and clients ask to its run, and lasts as long as that. Reentrant,
/// because the run orders events itself and no request may wait behind a slow branch.
/// </summary>
[Reentrant]
[TransactionPlacement]
[GrainDirectory(TransactionDirectory.Name)]
[Immovable] // Whoever moved it would find it back here: it lives where its gid says.
[KeepAlive] // It ends itself.
internal sealed class TransactionGrain : Grain, ITransactionGrain
{
    private readonly LiveTransactions _live;
    private readonly LocalTransaction _transaction;
    private readonly string _gid;
    private int _requests;
    private bool _ending;

    public TransactionGrain(LiveTransactions live)
    {
        _live = live;
        _gid = this.GetPrimaryKeyString();
        _transaction = new LocalTransaction(_gid, live);
    }

    public Task<TransactionReply> Submit(SubmissionMessage submission) => Answer(_transaction.Submit(submission));

    public Task<TransactionReply> Prepare(SubmissionMessage submission) => Answer(_transaction.Prepare(submission));

    public Task<TransactionReply> Abort(string type, string reason) => Answer(_transaction.Abort(type, reason));

    public Task<TransactionReply> RegisterBranch(RegisterMessage branch) => Answer(_transaction.RegisterBranch(branch));

    public Task<TransactionReply> FinishWorkflow(string status, string reason, string result) =>
        Answer(_transaction.FinishWorkflow(status, reason, result));

    public Task<TransactionReply> ForceStop() => Answer(_transaction.ForceStop());

    public Task<TransactionReply> RetryNow() => Answer(_transaction.RetryNow());

    public Task<TransactionReply> RetryBranch(string branchId, string op) => Answer(_transaction.RetryBranch(branchId, op));

    public Task<TransactionReply> WaitForPause() => Answer(_transaction.WaitForPause());

    public Task<bool> Resume(long goneOwner) => Answer(_transaction.Resume(goneOwner));

    private async Task<T> Answer<T>(Task<T> request)
    {
        _requests++;
        try
        {
            return await request;
        }
        finally
        {
            if (--_requests == 0 && !_ending)
            {
                _ending = true;
                End().Ignore();
            }
        }
    }

    private async Task End()
    {
        await _live.Ended(_gid);
        _ending = false;
        if (_requests == 0)
        {
            // As DeactivateOnIdle, which would throw where the silo has been cut off and this is no activation any more.
            GrainContext.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "The transaction needs nothing just now."));
        }
    }
}

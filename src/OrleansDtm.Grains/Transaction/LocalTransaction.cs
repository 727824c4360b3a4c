using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Tracing;

namespace OrleansDtm.Grains.Transaction;

/// <summary>A transaction that lives in this silo, asked without a message. What it answers is what its grain answers.</summary>
internal sealed class LocalTransaction(string gid, LiveTransactions live) : ITransactionGrain
{
    // As long as a message to the grain is waited for; see there.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SubmitLimit = TimeSpan.FromHours(1);
    private static readonly TimeSpan WaitLimit = TimeSpan.FromHours(25);

    public Task<TransactionReply> Submit(SubmissionMessage submission)
    {
        ArgumentNullException.ThrowIfNull(submission);
        return Post(new TransactionEvent.Submit(Received(submission)), SubmitLimit, submission.WaitResult);
    }

    public Task<TransactionReply> Prepare(SubmissionMessage submission) => Post(new TransactionEvent.Prepare(Received(submission)));

    public Task<TransactionReply> Abort(string type, string reason) =>
        Post(new TransactionEvent.Abort(Names.Type(type), reason), SubmitLimit, wait: false);

    public async Task<TransactionReply> RegisterBranch(RegisterMessage branch)
    {
        ArgumentNullException.ThrowIfNull(branch);
        var reply = await Post(Messages.Register(branch, live.Services.Clock.GetUtcNow()));

        // To a branch that comes too late it makes no difference whether its transaction has ended or never was: DTM says the same.
        return reply.Kind == ReplyKind.NotFound
            ? reply with { Kind = ReplyKind.Conflict, Message = $"no trans with gid: {gid} status: prepared found FAILURE" }
            : reply;
    }

    public Task<TransactionReply> FinishWorkflow(string status, string reason, string result) =>
        Post(new TransactionEvent.FinishWorkflow(Names.Status(status), reason, result));

    public Task<TransactionReply> ForceStop() => Post(TransactionEvent.ForceStop.Instance);

    public Task<TransactionReply> RetryNow() => Post(TransactionEvent.RetryNow.Instance);

    public Task<TransactionReply> RetryBranch(string branchId, string op) => Post(new TransactionEvent.RetryBranch(branchId, op));

    public Task<TransactionReply> WaitForPause() => Within(WaitLimit, live.Ask(gid, static runner => runner.WaitForPause()) ?? Stopping());

    public Task<bool> Resume(long goneOwner) =>
        Within(Limit, live.Ask(gid, runner => runner.Resume(goneOwner)) ?? Task.FromResult(false));

    private Task<TransactionReply> Post(TransactionEvent occurred) => Post(occurred, Limit, wait: false);

    private Task<TransactionReply> Post(TransactionEvent occurred, TimeSpan limit, bool wait)
    {
        var caller = DtmTracing.Caller();
        return Within(limit, live.Ask(gid, runner => runner.Post(occurred, wait, caller)) ?? Stopping());
    }

    /// <summary>Refused as Orleans refuses a message to a silo that stops, where another one will take it.</summary>
    private Task<TransactionReply> Stopping() => live.IsHere(gid)
        ? Task.FromResult(Replies.Stopping())
        : Task.FromException<TransactionReply>(new SiloUnavailableException("The coordinator that had this transaction is stopping."));

    private Task<T> Within<T>(TimeSpan limit, Task<T> request) => request.IsCompleted ? request : request.WaitAsync(limit, live.Services.Clock);

    private Submission Received(SubmissionMessage submission) => Messages.Submission(gid, submission, live.Services.Clock.GetUtcNow());
}

namespace OrleansDtm.Abstractions;

/// <summary>
/// The coordinator's front door for Orleans clients; the key is 0. Requests are checked and completed with defaults here exactly as
/// those over HTTP; <see cref="ITransactions"/> is the pleasant way to use it.
/// </summary>
[Alias("dtm.ITransactionsGrain")]
public interface ITransactionsGrain : IGrainWithIntegerKey
{
    /// <summary>Starts a saga or message, lets a prepared message, tcc or xa go forward. With WaitResult answered at its end or first pause.</summary>
    [Alias("Submit"), ResponseTimeout("01:00:00")]
    Task<TransactionReply> Submit(TransactionRequestMessage request);

    /// <summary>Announces a message, tcc or xa.</summary>
    [Alias("Prepare")]
    Task<TransactionReply> Prepare(TransactionRequestMessage request);

    /// <summary>Creates a workflow or finds it.</summary>
    [Alias("PrepareWorkflow")]
    Task<TransactionInfoReply> PrepareWorkflow(TransactionRequestMessage request);

    /// <summary>Adds a branch to a prepared tcc, xa or workflow.</summary>
    [Alias("RegisterBranch")]
    Task<TransactionReply> RegisterBranch(BranchRegistration branch);

    /// <summary>Lets a prepared one go back.</summary>
    /// <param name="gid">Which.</param>
    /// <param name="type">The pattern the caller believes it is.</param>
    /// <param name="reason">Kept as the rollback reason; may be empty.</param>
    [Alias("Abort"), ResponseTimeout("01:00:00")]
    Task<TransactionReply> Abort(string gid, string type, string reason);

    /// <summary>Ends a workflow.</summary>
    /// <param name="gid">Which.</param>
    /// <param name="status">succeed or failed.</param>
    /// <param name="reason">Why it failed; may be empty.</param>
    /// <param name="result">What it returned; may be empty.</param>
    [Alias("FinishWorkflow")]
    Task<TransactionReply> FinishWorkflow(string gid, string status, string reason, string result);

    /// <summary>Ends it without compensation.</summary>
    [Alias("ForceStop")]
    Task<TransactionReply> ForceStop(string gid);

    /// <summary>Makes the calls that wait for a retry now.</summary>
    [Alias("RetryNow")]
    Task<TransactionReply> RetryNow(string gid);

    /// <summary>Makes one call that waits for a retry now. Conflict when it does not wait, NotFound when there is no such call.</summary>
    /// <param name="gid">Which.</param>
    /// <param name="branchId">DTM's branch id: 01, 01-02, 00 for query_prepared and a workflow's callback.</param>
    /// <param name="op">action, compensate, confirm, ...</param>
    [Alias("RetryBranch")]
    Task<TransactionReply> RetryBranch(string gid, string branchId, string op);

    /// <summary>How it stands.</summary>
    [Alias("Query")]
    Task<TransactionInfoReply> Query(string gid);

    /// <summary>Waits for its end. Ok with an unfinished or empty status when it did not end in time: ask again.</summary>
    /// <param name="gid">Which.</param>
    /// <param name="atMost">How long; bounded by the grain to 10 s.</param>
    [Alias("WaitForEnd")]
    Task<TransactionReply> WaitForEnd(string gid, TimeSpan atMost);

    /// <summary>See <see cref="ITransactions.Subscribe"/>.</summary>
    [Alias("Subscribe")]
    Task<TransactionReply> Subscribe(string topic, string url, string remark);

    /// <summary>See <see cref="ITransactions.Unsubscribe"/>.</summary>
    [Alias("Unsubscribe")]
    Task<TransactionReply> Unsubscribe(string topic, string url);

    /// <summary>See <see cref="ITransactions.DeleteTopic"/>.</summary>
    [Alias("DeleteTopic")]
    Task<TransactionReply> DeleteTopic(string topic);
}

/// <summary>
/// Added to every grain of a silo that was given to <c>AddBranchGrain</c>: takes the call of a branch and hands it to the method it
/// names, if that method was registered.
/// </summary>
[Alias("dtm.IBranchTarget")]
public interface IBranchTarget : IGrainExtension
{
    /// <param name="grain">The name under which the grain's interface was registered.</param>
    /// <param name="method">One of its registered methods.</param>
    /// <param name="payload">The branch's payload, as it was submitted; may be empty.</param>
    /// <param name="context">Which call this is.</param>
    /// <param name="cancellationToken">The request timeout.</param>
    [Alias("Call"), ResponseTimeout("1.01:00:00")]
    Task<BranchResult> Call(
        string grain, string method, ReadOnlyMemory<byte> payload, BranchContext context, CancellationToken cancellationToken);
}

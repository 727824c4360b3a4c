namespace OrleansDtm.Abstractions;

/// <summary>
/// The coordinator's API for Orleans clients; the key is 0. Requests are validated and get defaults as over HTTP. Use
/// <see cref="ITransactions"/> instead of calling it directly.
/// </summary>
[Alias("dtm.ITransactionsGrain")]
public interface ITransactionsGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// Starts a saga or message, or submits a prepared message, tcc or xa. With WaitResult responds at its end or when
    /// it waits for a retry.
    /// </summary>
    [Alias("Submit"), ResponseTimeout("01:00:00")]
    Task<TransactionReply> Submit(TransactionRequestMessage request);

    /// <summary>Prepares a message, tcc or xa.</summary>
    [Alias("Prepare")]
    Task<TransactionReply> Prepare(TransactionRequestMessage request);

    /// <summary>Creates a workflow, or finds an existing one.</summary>
    [Alias("PrepareWorkflow")]
    Task<TransactionInfoReply> PrepareWorkflow(TransactionRequestMessage request);

    /// <summary>Adds a branch to a prepared tcc, xa or workflow.</summary>
    [Alias("RegisterBranch")]
    Task<TransactionReply> RegisterBranch(BranchRegistration branch);

    /// <summary>Aborts a prepared transaction.</summary>
    /// <param name="gid">The gid.</param>
    /// <param name="type">Expected pattern.</param>
    /// <param name="reason">Rollback reason; may be empty.</param>
    [Alias("Abort"), ResponseTimeout("01:00:00")]
    Task<TransactionReply> Abort(string gid, string type, string reason);

    /// <summary>Ends a workflow.</summary>
    /// <param name="gid">The gid.</param>
    /// <param name="status">succeed or failed.</param>
    /// <param name="reason">Why it failed; may be empty.</param>
    /// <param name="result">Its result; may be empty.</param>
    [Alias("FinishWorkflow")]
    Task<TransactionReply> FinishWorkflow(string gid, string status, string reason, string result);

    /// <summary>Ends it without compensation.</summary>
    [Alias("ForceStop")]
    Task<TransactionReply> ForceStop(string gid);

    /// <summary>Makes the calls that wait for a retry now.</summary>
    [Alias("RetryNow")]
    Task<TransactionReply> RetryNow(string gid);

    /// <summary>
    /// Makes one call that waits for a retry now. Conflict when it is not waiting, NotFound when there is no such call.
    /// </summary>
    /// <param name="gid">The gid.</param>
    /// <param name="branchId">DTM's branch id: 01, 01-02, 00 for query_prepared and a workflow's callback.</param>
    /// <param name="op">action, compensate, confirm, ...</param>
    [Alias("RetryBranch")]
    Task<TransactionReply> RetryBranch(string gid, string branchId, string op);

    /// <summary>Returns its state.</summary>
    [Alias("Query")]
    Task<TransactionInfoReply> Query(string gid);

    /// <summary>Waits for its end. Ok with an unfinished or empty status after the timeout: call again.</summary>
    /// <param name="gid">The gid.</param>
    /// <param name="atMost">The timeout; at most 10 s.</param>
    [Alias("WaitForEnd")]
    Task<TransactionReply> WaitForEnd(string gid, TimeSpan atMost);

    /// <summary>See <see cref="ITransactions.StartBatch"/>.</summary>
    [Alias("StartBatch")]
    Task<BatchReply> StartBatch(BatchChange change, string space);

    /// <summary>See <see cref="ITransactions.FindBatch"/>.</summary>
    [Alias("FindBatch")]
    Task<BatchReply> FindBatch(string id, string space);

    /// <summary>See <see cref="ITransactions.ListBatches"/>.</summary>
    [Alias("ListBatches")]
    Task<BatchReply> ListBatches(string space);

    /// <summary>See <see cref="ITransactions.StopBatch"/>.</summary>
    [Alias("StopBatch")]
    Task<TransactionReply> StopBatch(string id, string space);

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
/// Added to every grain given to <c>AddBranchGrain</c>. Passes a branch call to the named method, if it is registered.
/// </summary>
[Alias("dtm.IBranchTarget")]
public interface IBranchTarget : IGrainExtension
{
    /// <param name="grain">The registered name of the grain's interface.</param>
    /// <param name="method">One of its registered methods.</param>
    /// <param name="payload">The submitted payload; may be empty.</param>
    /// <param name="context">The call.</param>
    /// <param name="cancellationToken">Cancelled at the request timeout.</param>
    [Alias("Call"), ResponseTimeout("1.01:00:00")]
    Task<BranchResult> Call(
        string grain, string method, ReadOnlyMemory<byte> payload, BranchContext context,
        CancellationToken cancellationToken);
}

namespace OrleansDtm.Abstractions;

/// <summary>
/// The coordinator's API for Orleans clients, without HTTP. Requests are validated and get defaults as over HTTP. A
/// refused or undelivered request throws a <see cref="TransactionException"/> with gid, kind and reason; a rollback is
/// a result, not an exception. Cancellation ends the wait, not the request. Thread-safe.
/// </summary>
/// <remarks>
/// A grain that waits for a transaction whose branches call that same grain waits for itself, unless it is reentrant.
/// </remarks>
public interface ITransactions
{
    /// <summary>
    /// The same API for the gids and topics of a namespace. While versions are mixed, a silo of an earlier version
    /// refuses its requests.
    /// </summary>
    /// <param name="name">1 to 32 lower-case letters, digits and hyphens, not starting with a hyphen; empty = the
    /// default one.</param>
    /// <exception cref="ArgumentException">It is not a name.</exception>
    ITransactions InNamespace(string name);

    /// <summary>Creates a gid.</summary>
    string NewGid();

    /// <summary>
    /// Starts a saga or a message, or submits a prepared message, tcc or xa. A prepared message is sent as it was
    /// prepared.
    /// </summary>
    /// <param name="transaction">The transaction. End a workflow with <see cref="FinishWorkflow"/>.</param>
    /// <param name="wait">False (default): respond when it is stored. True: when it has ended or waits for a retry;
    /// check <see cref="TransactionResult.HasEnded"/>.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="TransactionException">It was refused, or the coordinator is unreachable.</exception>
    Task<TransactionResult> Submit(
        GlobalTransaction transaction, bool wait = false, CancellationToken cancellationToken = default);

    /// <summary>Submits and waits until it has ended, including retries.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="timeout">The timeout; <see cref="Timeout.InfiniteTimeSpan"/> = none.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="TimeoutException">It was submitted, but has not ended in time; it continues.</exception>
    /// <exception cref="TransactionException">It was refused, or the coordinator is unreachable.</exception>
    Task<TransactionResult> SubmitAndWait(
        GlobalTransaction transaction, TimeSpan timeout, CancellationToken cancellationToken = default);

    /// <summary>Prepares a message, tcc or xa. Idempotent.</summary>
    /// <exception cref="TransactionException">It was refused, or the coordinator is unreachable.</exception>
    Task<TransactionResult> Prepare(GlobalTransaction transaction, CancellationToken cancellationToken = default);

    /// <summary>Creates a workflow, or finds an existing one with its recorded steps.</summary>
    /// <exception cref="TransactionException">It was refused, or the coordinator is unreachable.</exception>
    Task<TransactionInfo> PrepareWorkflow(WorkflowTransaction workflow, CancellationToken cancellationToken = default);

    /// <summary>Adds a branch to a prepared tcc, xa or workflow. Idempotent.</summary>
    /// <exception cref="TransactionException">It was refused (Conflict when it is too late), or the coordinator is
    /// unreachable.</exception>
    Task<TransactionResult> RegisterBranch(BranchRegistration branch, CancellationToken cancellationToken = default);

    /// <summary>Aborts a prepared message, tcc or xa.</summary>
    /// <param name="transaction">The transaction; only its gid and type are used.</param>
    /// <param name="reason">Rollback reason; may be empty.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="TransactionException">It was refused, or the coordinator is unreachable.</exception>
    Task<TransactionResult> Abort(
        GlobalTransaction transaction, string reason = "", CancellationToken cancellationToken = default);

    /// <summary>Ends a workflow.</summary>
    /// <param name="gid">The gid.</param>
    /// <param name="succeeded">Whether it succeeded.</param>
    /// <param name="reason">Why it failed; empty otherwise.</param>
    /// <param name="result">Its result, returned by query; may be empty.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="TransactionException">It was refused, or the coordinator is unreachable.</exception>
    Task<TransactionResult> FinishWorkflow(
        string gid, bool succeeded, string reason = "", string result = "",
        CancellationToken cancellationToken = default);

    /// <summary>Returns its state; null = there is no such gid.</summary>
    /// <exception cref="TransactionException">The gid is invalid, or the coordinator is unreachable.</exception>
    Task<TransactionInfo?> Query(string gid, CancellationToken cancellationToken = default);

    /// <summary>Ends it without compensation.</summary>
    /// <exception cref="TransactionException">It has ended already, is unknown, or the coordinator is
    /// unreachable.</exception>
    Task<TransactionResult> ForceStop(string gid, CancellationToken cancellationToken = default);

    /// <summary>Makes the calls that wait for a retry now.</summary>
    /// <exception cref="TransactionException">It has ended already, is unknown, or the coordinator is
    /// unreachable.</exception>
    Task<TransactionResult> RetryNow(string gid, CancellationToken cancellationToken = default);

    /// <summary>Makes one call that waits for a retry now; the others keep waiting.</summary>
    /// <param name="gid">The gid.</param>
    /// <param name="branchId">As <see cref="Query"/> shows it: 01, 01-02, 00 for query_prepared and a workflow's
    /// callback.</param>
    /// <param name="op">action, compensate, confirm, ...</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="TransactionException">
    /// It does not wait for a retry (Conflict), there is no such transaction or call (NotFound), or the coordinator is
    /// unreachable. </exception>
    Task<TransactionResult> RetryBranch(
        string gid, string branchId, string op, CancellationToken cancellationToken = default);

    /// <summary>
    /// Waits until it has ended. The silo that owns it completes the wait. It also waits while the coordinator is
    /// unreachable.
    /// </summary>
    /// <param name="gid">The gid; the coordinator must know it.</param>
    /// <param name="timeout">The timeout; <see cref="Timeout.InfiniteTimeSpan"/> = none.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="TimeoutException">It has not ended in time.</exception>
    /// <exception cref="TransactionException">There is no such transaction.</exception>
    Task<TransactionResult> WaitForEnd(string gid, TimeSpan timeout, CancellationToken cancellationToken = default);

    /// <summary>
    /// Starts a job that changes many unfinished transactions, at a bounded rate. It runs by itself, and survives the
    /// silo that runs it.
    /// </summary>
    /// <exception cref="TransactionException">It was refused (Invalid, or TooMany while 20 jobs are unfinished), or the
    /// coordinator is unreachable: then <see cref="ListBatches"/> shows whether it was stored.</exception>
    Task<BatchInfo> StartBatch(BatchChange change, CancellationToken cancellationToken = default);

    /// <summary>Returns a job with its progress; null = there is no such job.</summary>
    /// <exception cref="TransactionException">The id is invalid, or the coordinator is unreachable.</exception>
    Task<BatchInfo?> FindBatch(string id, CancellationToken cancellationToken = default);

    /// <summary>Returns all jobs, the newest first; of those that have ended about the last 100.</summary>
    /// <exception cref="TransactionException">The coordinator is unreachable.</exception>
    Task<IReadOnlyList<BatchInfo>> ListBatches(CancellationToken cancellationToken = default);

    /// <summary>Stops a job. What it has done stays done.</summary>
    /// <exception cref="TransactionException">It has ended already (Conflict), is unknown (NotFound), or the
    /// coordinator is unreachable.</exception>
    Task StopBatch(string id, CancellationToken cancellationToken = default);

    /// <summary>Adds a subscriber to a topic; creates the topic with the first.</summary>
    /// <param name="topic">1 to 128 characters.</param>
    /// <param name="url">URL that is called for each message.</param>
    /// <param name="remark">A note; may be empty.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="TransactionException">It was refused (Conflict when it is subscribed already), or the
    /// coordinator is unreachable.</exception>
    Task Subscribe(string topic, string url, string remark = "", CancellationToken cancellationToken = default);

    /// <summary>Removes a subscriber.</summary>
    /// <exception cref="TransactionException">There is no such topic or subscriber, or the coordinator is
    /// unreachable.</exception>
    Task Unsubscribe(string topic, string url, CancellationToken cancellationToken = default);

    /// <summary>Removes a topic.</summary>
    /// <exception cref="TransactionException">There is no such topic, or the coordinator is unreachable.</exception>
    Task DeleteTopic(string topic, CancellationToken cancellationToken = default);
}

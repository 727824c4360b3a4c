namespace OrleansDtm.Abstractions;

/// <summary>
/// The coordinator as an Orleans client sees it, without HTTP. Everything is checked and completed with defaults as over HTTP. Where a
/// request is refused or cannot be delivered, a <see cref="TransactionException"/> with gid, kind and reason is thrown; a transaction
/// that is rolled back is a result, not an exception. Cancelling ends the waiting, not what was asked for. Safe for concurrent use.
/// </summary>
/// <remarks>
/// A grain that waits for a transaction whose branches call that same grain waits for itself, unless it is reentrant.
/// </remarks>
public interface ITransactions
{
    /// <summary>A fresh gid.</summary>
    string NewGid();

    /// <summary>
    /// Starts a saga or a message, or lets a prepared message, tcc or xa go forward. A prepared message goes out as it was prepared.
    /// </summary>
    /// <param name="transaction">Which. A workflow ends by <see cref="FinishWorkflow"/>.</param>
    /// <param name="wait">
    /// False (default): the result is given once it is stored. True: when it has ended, or pauses before a retry; it need not have
    /// ended then, see <see cref="TransactionResult.HasEnded"/>.
    /// </param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="TransactionException">It was refused, or the coordinator cannot be reached.</exception>
    Task<TransactionResult> Submit(GlobalTransaction transaction, bool wait = false, CancellationToken cancellationToken = default);

    /// <summary>Submits and waits until it has ended, retries included.</summary>
    /// <param name="transaction">Which.</param>
    /// <param name="timeout">How long; <see cref="Timeout.InfiniteTimeSpan"/> = for ever.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="TimeoutException">It has been submitted, but has not ended in time: it goes on.</exception>
    /// <exception cref="TransactionException">It was refused, or the coordinator cannot be reached.</exception>
    Task<TransactionResult> SubmitAndWait(GlobalTransaction transaction, TimeSpan timeout, CancellationToken cancellationToken = default);

    /// <summary>Announces a message, tcc or xa. The same again changes nothing.</summary>
    /// <exception cref="TransactionException">It was refused, or the coordinator cannot be reached.</exception>
    Task<TransactionResult> Prepare(GlobalTransaction transaction, CancellationToken cancellationToken = default);

    /// <summary>Creates a workflow, or finds it with what it has done already.</summary>
    /// <exception cref="TransactionException">It was refused, or the coordinator cannot be reached.</exception>
    Task<TransactionInfo> PrepareWorkflow(WorkflowTransaction workflow, CancellationToken cancellationToken = default);

    /// <summary>Adds a branch to a prepared tcc, xa or workflow. The same again changes nothing.</summary>
    /// <exception cref="TransactionException">It was refused (Conflict when it comes too late), or the coordinator cannot be reached.</exception>
    Task<TransactionResult> RegisterBranch(BranchRegistration branch, CancellationToken cancellationToken = default);

    /// <summary>Lets a prepared message, tcc or xa go back.</summary>
    /// <param name="transaction">Which; only its gid and type count.</param>
    /// <param name="reason">Kept as the rollback reason; may be empty.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="TransactionException">It was refused, or the coordinator cannot be reached.</exception>
    Task<TransactionResult> Abort(GlobalTransaction transaction, string reason = "", CancellationToken cancellationToken = default);

    /// <summary>Ends a workflow.</summary>
    /// <param name="gid">Which.</param>
    /// <param name="succeeded">How.</param>
    /// <param name="reason">Why it failed; empty otherwise.</param>
    /// <param name="result">What it returned, shown by query; may be empty.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="TransactionException">It was refused, or the coordinator cannot be reached.</exception>
    Task<TransactionResult> FinishWorkflow(
        string gid, bool succeeded, string reason = "", string result = "", CancellationToken cancellationToken = default);

    /// <summary>How it stands; null = there is no such gid.</summary>
    /// <exception cref="TransactionException">The gid is none, or the coordinator cannot be reached.</exception>
    Task<TransactionInfo?> Query(string gid, CancellationToken cancellationToken = default);

    /// <summary>Ends it without compensation.</summary>
    /// <exception cref="TransactionException">It has ended already, is unknown, or the coordinator cannot be reached.</exception>
    Task<TransactionResult> ForceStop(string gid, CancellationToken cancellationToken = default);

    /// <summary>Makes the calls that wait for a retry now.</summary>
    /// <exception cref="TransactionException">It has ended already, is unknown, or the coordinator cannot be reached.</exception>
    Task<TransactionResult> RetryNow(string gid, CancellationToken cancellationToken = default);

    /// <summary>Makes one call that waits for a retry now; the others keep waiting.</summary>
    /// <param name="gid">Which.</param>
    /// <param name="branchId">As <see cref="Query"/> shows it: 01, 01-02, 00 for query_prepared and a workflow's callback.</param>
    /// <param name="op">action, compensate, confirm, ...</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="TransactionException">
    /// It does not wait for a retry (Conflict), there is no such transaction or call (NotFound), or the coordinator cannot be reached.
    /// </exception>
    Task<TransactionResult> RetryBranch(string gid, string branchId, string op, CancellationToken cancellationToken = default);

    /// <summary>
    /// Waits until it has ended. An end that follows a retry or another's decision is seen about a second after it. A coordinator that
    /// cannot be reached is waited for too.
    /// </summary>
    /// <param name="gid">Which; it must be known to the coordinator.</param>
    /// <param name="timeout">How long; <see cref="Timeout.InfiniteTimeSpan"/> = for ever.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="TimeoutException">It has not ended in time.</exception>
    /// <exception cref="TransactionException">There is no such transaction.</exception>
    Task<TransactionResult> WaitForEnd(string gid, TimeSpan timeout, CancellationToken cancellationToken = default);

    /// <summary>Adds a subscriber to a topic, and the topic with the first.</summary>
    /// <param name="topic">1 to 128 characters.</param>
    /// <param name="url">Who is called for each message.</param>
    /// <param name="remark">For people; may be empty.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="TransactionException">It was refused (Conflict when it is subscribed already), or the coordinator cannot be reached.</exception>
    Task Subscribe(string topic, string url, string remark = "", CancellationToken cancellationToken = default);

    /// <summary>Removes a subscriber.</summary>
    /// <exception cref="TransactionException">There is no such topic or subscriber, or the coordinator cannot be reached.</exception>
    Task Unsubscribe(string topic, string url, CancellationToken cancellationToken = default);

    /// <summary>Removes a topic.</summary>
    /// <exception cref="TransactionException">There is no such topic, or the coordinator cannot be reached.</exception>
    Task DeleteTopic(string topic, CancellationToken cancellationToken = default);
}

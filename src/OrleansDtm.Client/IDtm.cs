namespace OrleansDtm.Client;

/// <summary>
/// A DTM-compatible coordinator: starts, follows and ends global transactions. Thread-safe. A refused or undelivered
/// request throws a <see cref="DtmException"/> with the gid; a rollback is a result, not an exception. Cancellation
/// ends the wait, not an abort that is due. Other coordinators may lack an API: then
/// <see cref="NotSupportedException"/> names it.
/// </summary>
public interface IDtm
{
    /// <summary>
    /// The same coordinator for the gids and topics of another namespace than that of
    /// <see cref="DtmOptions.Namespace"/>. Keep it, or create it for each use: it has no state.
    /// </summary>
    /// <param name="name">The namespace; empty = the default one.</param>
    IDtm InNamespace(string name);

    /// <summary>Creates a saga, to be filled with steps and submitted.</summary>
    /// <param name="options">Null = the defaults.</param>
    Saga Saga(SagaOptions? options = null);

    /// <summary>Creates a message, to be filled with calls and submitted.</summary>
    /// <param name="options">Null = the defaults.</param>
    Msg Msg(MsgOptions? options = null);

    /// <summary>
    /// Runs a TCC: the body calls the tries; if it returns, all branches are confirmed, and if it throws, all are
    /// cancelled. Rethrows the body's exception after the abort.
    /// </summary>
    /// <param name="body">Calls the branches.</param>
    /// <param name="options">Null = the defaults.</param>
    /// <param name="cancellationToken">Cancels the branch calls; all tries are then cancelled too. During the submit it
    /// only ends the wait.</param>
    /// <exception cref="BranchFailureException">A participant failed; everything is being cancelled.</exception>
    /// <exception cref="BranchOngoingException">A participant's try is in progress; everything is being
    /// cancelled.</exception>
    /// <exception cref="DtmUnavailableException">The prepare failed (nothing happened), or it is unknown whether the
    /// submit succeeded: query the status.</exception>
    Task<TransactionResult> TccAsync(
        Func<Tcc, Task> body, TransOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Adds nested branches to a TCC, below the call of a participant.</summary>
    /// <param name="context">The call (a try).</param>
    /// <param name="options">Only timeout and headers of calls made here are used; null = the defaults.</param>
    /// <param name="cancellationToken">Cancels the calls of branches.</param>
    Tcc JoinTcc(BranchContext context, TransOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Runs an XA transaction: the body calls the branches, which prepare their databases; if it returns, all commit,
    /// and if it throws, all roll back. Rethrows the body's exception after the abort.
    /// </summary>
    /// <param name="body">Calls the branches.</param>
    /// <param name="options">Null = the defaults.</param>
    /// <param name="cancellationToken">Cancels the branch calls; prepared branches are then rolled back. During the
    /// submit it only ends the wait.</param>
    /// <exception cref="BranchFailureException">A participant failed; everything is being rolled back.</exception>
    /// <exception cref="BranchOngoingException">A participant is in progress; everything is being rolled
    /// back.</exception>
    /// <exception cref="DtmUnavailableException">The prepare failed (nothing happened), or it is unknown whether the
    /// submit succeeded: query the status.</exception>
    Task<TransactionResult> XaAsync(
        Func<Xa, Task> body, TransOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Runs a workflow in this process. An interrupted one with the same gid is resumed; an ended one is not run again.
    /// After an error or a crash the coordinator resumes it after its retry interval, here or in another instance (see
    /// <see cref="DtmOptions.WorkflowCallback"/>).
    /// </summary>
    /// <param name="name">As registered by AddWorkflow.</param>
    /// <param name="input">Stored as JSON; bytes and protobuf messages unchanged. Ignored if the gid exists: its first
    /// input is used.</param>
    /// <param name="options">Used: gid, retry interval, callback URL, headers, and timeout of the coordinator's call.
    /// Null = the defaults.</param>
    /// <param name="cancellationToken">Ends this run before its next step. Completed steps are recorded, and the
    /// coordinator resumes the workflow.</param>
    /// <returns>The result: a rollback is not an exception.</returns>
    /// <exception cref="InvalidOperationException">There is no workflow of this name, or no callback.</exception>
    /// <exception cref="BranchOngoingException">A participant is in progress; the workflow is resumed
    /// later.</exception>
    /// <exception cref="DtmConflictException">The gid belongs to another workflow.</exception>
    /// <exception cref="DtmUnavailableException">The coordinator is unreachable: the workflow was not started, or is
    /// resumed later.</exception>
    /// <exception cref="Exception">Any other exception of the workflow; it is resumed later.</exception>
    Task<WorkflowResult> WorkflowAsync<TInput>(
        string name, TInput input, TransOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Registers the branch of an XA participant, before its prepare; see <see cref="XaBranch"/>. Idempotent.
    /// </summary>
    /// <param name="context">The call (an action).</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="ArgumentException">The call has no phase2_url, so it is not the first call of an XA
    /// branch.</exception>
    /// <exception cref="DtmConflictException">The transaction has been decided already.</exception>
    /// <exception cref="DtmException">The coordinator refused it, or is unreachable.</exception>
    Task RegisterXaBranchAsync(BranchContext context, CancellationToken cancellationToken = default);

    /// <summary>Gets a gid from the coordinator. Optional: transactions create their own.</summary>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="DtmException">The coordinator is unreachable.</exception>
    Task<string> NewGidAsync(CancellationToken cancellationToken = default);

    /// <summary>Returns the state of a transaction.</summary>
    /// <param name="gid">The gid.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>Null = there is no such gid.</returns>
    /// <exception cref="DtmException">The coordinator is unreachable.</exception>
    Task<TransactionInfo?> QueryAsync(string gid, CancellationToken cancellationToken = default);

    /// <summary>A page of transactions, newest first.</summary>
    /// <param name="filter">Null = all.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="DtmException">The filter is invalid, or the coordinator is unreachable.</exception>
    Task<TransactionPage> ListAsync(TransactionFilter? filter = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Waits until it has ended, including retries, also while the coordinator is unreachable. An OrleansDtm server
    /// answers at the end; the status of other servers is polled, at most once a second.
    /// </summary>
    /// <param name="gid">The gid; the coordinator must know it.</param>
    /// <param name="timeout">The timeout; <see cref="Timeout.InfiniteTimeSpan"/> = none.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="TimeoutException">It has not ended in time; it continues.</exception>
    /// <exception cref="DtmNotFoundException">There is no such transaction.</exception>
    Task<TransactionResult> WaitForEndAsync(
        string gid, TimeSpan timeout, CancellationToken cancellationToken = default);

    /// <summary>Aborts a prepared message, TCC or XA.</summary>
    /// <param name="gid">The gid.</param>
    /// <param name="transType">msg, tcc or xa.</param>
    /// <param name="reason">Rollback reason; may be empty.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="DtmConflictException">It was submitted already, or has ended.</exception>
    /// <exception cref="DtmException">The coordinator refused it, or is unreachable.</exception>
    Task AbortAsync(string gid, string transType, string reason = "", CancellationToken cancellationToken = default);

    /// <summary>Ends a transaction as failed, without compensation.</summary>
    /// <param name="gid">The gid.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="DtmException">It has ended already, is unknown, or the coordinator is unreachable.</exception>
    Task ForceStopAsync(string gid, CancellationToken cancellationToken = default);

    /// <summary>Makes the calls that wait for a retry now.</summary>
    /// <param name="gid">The gid.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="DtmException">It has ended already, is unknown, or the coordinator is unreachable.</exception>
    Task RetryNowAsync(string gid, CancellationToken cancellationToken = default);

    /// <summary>
    /// Makes one call that waits for a retry now; the others keep waiting. Not supported by DTM's own servers.
    /// </summary>
    /// <param name="gid">The gid.</param>
    /// <param name="branchId">As in <see cref="QueryAsync"/>: 01, 01-02, 00 for query_prepared and a workflow's
    /// callback.</param>
    /// <param name="op">action, compensate, confirm, ...</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="DtmConflictException">It is not waiting for a retry.</exception>
    /// <exception cref="DtmException">There is no such transaction or call, or the coordinator is
    /// unreachable.</exception>
    Task RetryBranchAsync(string gid, string branchId, string op, CancellationToken cancellationToken = default);

    /// <summary>Adds a subscriber to a topic; creates the topic with the first.</summary>
    /// <param name="topic">1 to 128 characters.</param>
    /// <param name="url">URL that is called for each message.</param>
    /// <param name="remark">A note; may be empty.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="DtmConflictException">It is subscribed already.</exception>
    /// <exception cref="DtmException">The coordinator refused it, or is unreachable.</exception>
    Task SubscribeAsync(string topic, string url, string remark = "", CancellationToken cancellationToken = default);

    /// <summary>Removes a subscriber.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="url">The subscriber's URL.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="DtmException">There is no such topic or subscriber, or the coordinator is
    /// unreachable.</exception>
    Task UnsubscribeAsync(string topic, string url, CancellationToken cancellationToken = default);

    /// <summary>Removes a topic.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="DtmException">There is no such topic, or the coordinator is unreachable.</exception>
    Task DeleteTopicAsync(string topic, CancellationToken cancellationToken = default);

    /// <summary>The subscribers of a topic; empty when there is no such topic.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="DtmException">The coordinator is unreachable.</exception>
    Task<IReadOnlyList<TopicSubscriber>> SubscribersAsync(string topic, CancellationToken cancellationToken = default);
}

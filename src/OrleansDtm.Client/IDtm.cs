namespace OrleansDtm.Client;

/// <summary>
/// A DTM-compatible coordinator: starts, follows and ends global transactions. Safe for concurrent use. Where a request is refused or
/// cannot be delivered a <see cref="DtmException"/> is thrown, with the gid and what is known; a transaction that is rolled back is a
/// result, not an exception. Cancelling ends the waiting, never an abort that is due. A coordinator of another make may
/// lack an API: then <see cref="NotSupportedException"/> says which one.
/// </summary>
public interface IDtm
{
    /// <summary>A new saga, to be filled with steps and submitted.</summary>
    /// <param name="options">Null = the defaults.</param>
    Saga Saga(SagaOptions? options = null);

    /// <summary>A new message, to be filled with calls and submitted.</summary>
    /// <param name="options">Null = the defaults.</param>
    Msg Msg(MsgOptions? options = null);

    /// <summary>
    /// Runs a TCC: tries every branch the body calls, then has all confirmed, or, when the body throws, all cancelled. The body's
    /// exception is then thrown on, after the abort.
    /// </summary>
    /// <param name="body">Calls the branches.</param>
    /// <param name="options">Null = the defaults.</param>
    /// <param name="cancellationToken">
    /// Cancels the calls of branches; what was tried is then cancelled as well. Cancelled during the submit it ends the waiting only.
    /// </param>
    /// <exception cref="BranchFailureException">A participant refused; everything is being cancelled.</exception>
    /// <exception cref="BranchOngoingException">A participant did not come to an end with its try; everything is being cancelled.</exception>
    /// <exception cref="DtmUnavailableException">
    /// It was not prepared (nothing happened), or whether it was submitted is not known: ask how it stands.
    /// </exception>
    Task<TransactionResult> TccAsync(Func<Tcc, Task> body, TransOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>A participant of a TCC adds branches of its own to it, nested below the call it is in.</summary>
    /// <param name="context">The call (a try).</param>
    /// <param name="options">What counts is timeout and headers of the calls made here; null = the defaults.</param>
    /// <param name="cancellationToken">Cancels the calls of branches.</param>
    Tcc JoinTcc(BranchContext context, TransOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Runs an XA transaction: has every branch the body calls prepare its database, then all commit, or, when the body throws, all roll
    /// back. The body's exception is then thrown on, after the abort.
    /// </summary>
    /// <param name="body">Calls the branches.</param>
    /// <param name="options">Null = the defaults.</param>
    /// <param name="cancellationToken">
    /// Cancels the calls of branches; what was prepared is then rolled back. Cancelled during the submit it ends the waiting only.
    /// </param>
    /// <exception cref="BranchFailureException">A participant refused; everything is being rolled back.</exception>
    /// <exception cref="BranchOngoingException">A participant did not come to an end; everything is being rolled back.</exception>
    /// <exception cref="DtmUnavailableException">
    /// It was not prepared (nothing happened), or whether it was submitted is not known: ask how it stands.
    /// </exception>
    Task<TransactionResult> XaAsync(Func<Xa, Task> body, TransOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Executes a workflow here and now; one of that gid that was interrupted goes on, one that has ended is not executed again. Where it is
    /// interrupted, by an error of its own or the death of this process, the coordinator has it go on after its retry interval, here or in
    /// another instance (see <see cref="DtmOptions.WorkflowCallback"/>).
    /// </summary>
    /// <param name="name">As registered by AddWorkflow.</param>
    /// <param name="input">Stored as JSON; bytes and messages of protocol buffers as they are. Where the gid is known already, its first input counts.</param>
    /// <param name="options">What counts is gid, retry interval, callback URL, and headers and timeout of the coordinator's call. Null = the defaults.</param>
    /// <param name="cancellationToken">
    /// Ends this run before its next step; what is done is recorded, and the coordinator has the workflow go on.
    /// </param>
    /// <returns>How it ended: a rollback is a result, not an exception.</returns>
    /// <exception cref="InvalidOperationException">There is no workflow of the name, or no callback.</exception>
    /// <exception cref="BranchOngoingException">A participant has not come to an end; the workflow goes on later.</exception>
    /// <exception cref="DtmConflictException">The gid is that of another workflow.</exception>
    /// <exception cref="DtmUnavailableException">The coordinator cannot be reached: it did not begin, or goes on later.</exception>
    /// <exception cref="Exception">Whatever else the workflow throws; it goes on later.</exception>
    Task<WorkflowResult> WorkflowAsync<TInput>(
        string name, TInput input, TransOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// A participant of an XA transaction tells the coordinator of its branch, before it prepares: what <see cref="XaBranch"/> wants to
    /// have called. Saying it again changes nothing.
    /// </summary>
    /// <param name="context">The call (an action).</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ArgumentException">The call says no phase2_url, so it is not the first one of an XA branch.</exception>
    /// <exception cref="DtmConflictException">The transaction has been decided already.</exception>
    /// <exception cref="DtmException">The coordinator refused, or cannot be reached.</exception>
    Task RegisterXaBranchAsync(BranchContext context, CancellationToken cancellationToken = default);

    /// <summary>A fresh gid of the coordinator's making. Not needed: without one, transactions make their own.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="DtmException">The coordinator cannot be reached.</exception>
    Task<string> NewGidAsync(CancellationToken cancellationToken = default);

    /// <summary>How a transaction stands.</summary>
    /// <param name="gid">Which.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Null = there is no such gid.</returns>
    /// <exception cref="DtmException">The coordinator cannot be reached.</exception>
    Task<TransactionInfo?> QueryAsync(string gid, CancellationToken cancellationToken = default);

    /// <summary>A page of transactions, newest first.</summary>
    /// <param name="filter">Null = all.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="DtmException">The filter is none, or the coordinator cannot be reached.</exception>
    Task<TransactionPage> ListAsync(TransactionFilter? filter = null, CancellationToken cancellationToken = default);

    /// <summary>Waits until it has ended, retries included. A coordinator that cannot be reached is waited for too.</summary>
    /// <param name="gid">Which; the coordinator must know it.</param>
    /// <param name="timeout">How long; <see cref="Timeout.InfiniteTimeSpan"/> = for ever.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="TimeoutException">It has not ended in time: it goes on.</exception>
    /// <exception cref="DtmNotFoundException">There is no such transaction.</exception>
    Task<TransactionResult> WaitForEndAsync(string gid, TimeSpan timeout, CancellationToken cancellationToken = default);

    /// <summary>Lets a prepared message, TCC or XA go back.</summary>
    /// <param name="gid">Which.</param>
    /// <param name="transType">msg, tcc or xa.</param>
    /// <param name="reason">Kept as the rollback reason; may be empty.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="DtmConflictException">It was submitted already, or has ended.</exception>
    /// <exception cref="DtmException">The coordinator refused, or cannot be reached.</exception>
    Task AbortAsync(string gid, string transType, string reason = "", CancellationToken cancellationToken = default);

    /// <summary>Ends a transaction as failed, without compensation.</summary>
    /// <param name="gid">Which.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="DtmException">It has ended already, is unknown, or the coordinator cannot be reached.</exception>
    Task ForceStopAsync(string gid, CancellationToken cancellationToken = default);

    /// <summary>Makes the calls that wait for a retry now.</summary>
    /// <param name="gid">Which.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="DtmException">It has ended already, is unknown, or the coordinator cannot be reached.</exception>
    Task RetryNowAsync(string gid, CancellationToken cancellationToken = default);

    /// <summary>Makes one call that waits for a retry now; the others keep waiting. DTM's own servers know no such request.</summary>
    /// <param name="gid">Which.</param>
    /// <param name="branchId">As <see cref="QueryAsync"/> shows it: 01, 01-02, 00 for the question about a message and a workflow's callback.</param>
    /// <param name="op">action, compensate, confirm, ...</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="DtmConflictException">It does not wait for a retry.</exception>
    /// <exception cref="DtmException">There is no such transaction or call, or the coordinator cannot be reached.</exception>
    Task RetryBranchAsync(string gid, string branchId, string op, CancellationToken cancellationToken = default);

    /// <summary>Adds a subscriber to a topic, and the topic with the first.</summary>
    /// <param name="topic">1 to 128 characters.</param>
    /// <param name="url">Who is called for each message.</param>
    /// <param name="remark">For people; may be empty.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="DtmConflictException">It is subscribed already.</exception>
    /// <exception cref="DtmException">The coordinator refused, or cannot be reached.</exception>
    Task SubscribeAsync(string topic, string url, string remark = "", CancellationToken cancellationToken = default);

    /// <summary>Removes a subscriber.</summary>
    /// <param name="topic">Which.</param>
    /// <param name="url">Whom.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="DtmException">There is no such topic or subscriber, or the coordinator cannot be reached.</exception>
    Task UnsubscribeAsync(string topic, string url, CancellationToken cancellationToken = default);

    /// <summary>Removes a topic.</summary>
    /// <param name="topic">Which.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="DtmException">There is no such topic, or the coordinator cannot be reached.</exception>
    Task DeleteTopicAsync(string topic, CancellationToken cancellationToken = default);

    /// <summary>The subscribers of a topic; empty when there is no such topic.</summary>
    /// <param name="topic">Which.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="DtmException">The coordinator cannot be reached.</exception>
    Task<IReadOnlyList<TopicSubscriber>> SubscribersAsync(string topic, CancellationToken cancellationToken = default);
}

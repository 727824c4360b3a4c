using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>
/// The coordinator's API, for any protocol. Throws the exceptions of <see cref="IDtm"/>: <see cref="DtmException"/>
/// with the gid, <see cref="OperationCanceledException"/> if the caller has cancelled, or
/// <see cref="NotSupportedException"/> if this coordinator lacks the API.
/// </summary>
internal interface ICoordinator
{
    /// <summary>The coordinator's address that is sent with branch calls of the SDK.</summary>
    string Address { get; }

    /// <summary>Payloads may be any bytes; otherwise they must be text.</summary>
    bool CarriesBytes { get; }

    /// <summary>The same coordinator for the gids and topics of a namespace; empty = the default one.</summary>
    ICoordinator In(string name);

    Task<string> NewGidAsync(CancellationToken cancellationToken);

    Task PrepareAsync(TransactionRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Returns when the submit is accepted, or, with wait_result, when the transaction has succeeded (null) or ended
    /// with another status that the response has. Any other result of a wait is a <see cref="DtmConflictException"/> or
    /// a <see cref="BranchOngoingException"/>, depending on the coordinator.
    /// </summary>
    Task<TransactionResult?> SubmitAsync(TransactionRequest request, CancellationToken cancellationToken);

    Task AbortAsync(TransactionRequest request, CancellationToken cancellationToken);

    Task RegisterBranchAsync(RegisterRequest request, CancellationToken cancellationToken);

    /// <summary>Creates a workflow, or finds an existing one.</summary>
    Task<WorkflowProgress> PrepareWorkflowAsync(TransactionRequest request, CancellationToken cancellationToken);

    Task<TransactionInfo?> QueryAsync(string gid, CancellationToken cancellationToken);

    /// <summary>
    /// Waits until the transaction has ended, at most for the given time, and returns it as it is then. Throws
    /// <see cref="DtmNotFoundException"/> if there is none.
    /// </summary>
    Task<TransactionInfo> WaitAsync(string gid, TimeSpan atMost, CancellationToken cancellationToken);

    Task<TransactionPage> ListAsync(TransactionFilter filter, CancellationToken cancellationToken);

    Task ForceStopAsync(string gid, CancellationToken cancellationToken);

    Task RetryNowAsync(string gid, CancellationToken cancellationToken);

    Task RetryBranchAsync(string gid, string branchId, string op, CancellationToken cancellationToken);

    Task SubscribeAsync(string topic, string url, string remark, CancellationToken cancellationToken);

    Task UnsubscribeAsync(string topic, string url, CancellationToken cancellationToken);

    Task DeleteTopicAsync(string topic, CancellationToken cancellationToken);

    Task<IReadOnlyList<TopicSubscriber>> SubscribersAsync(string topic, CancellationToken cancellationToken);
}

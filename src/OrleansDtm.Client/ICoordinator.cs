using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>
/// The coordinator's API, whatever carries it. Throws what <see cref="IDtm"/> promises: <see cref="DtmException"/> with the gid, or
/// <see cref="OperationCanceledException"/> when the caller has cancelled, or <see cref="NotSupportedException"/> when
/// this coordinator has no such API.
/// </summary>
internal interface ICoordinator
{
    /// <summary>What branches called from here are told about where the coordinator is.</summary>
    string Address { get; }

    /// <summary>Payloads may be any bytes; otherwise they must be text.</summary>
    bool CarriesBytes { get; }

    Task<string> NewGidAsync(CancellationToken cancellationToken);

    Task PrepareAsync(TransactionRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Returns when it was taken, or, with wait_result, when it has succeeded (null), or ended in another way that the
    /// answer itself tells. A wait that ends in anything else is a <see cref="DtmConflictException"/> or a
    /// <see cref="BranchOngoingException"/>, and which of the two differs between coordinators.
    /// </summary>
    Task<TransactionResult?> SubmitAsync(TransactionRequest request, CancellationToken cancellationToken);

    Task AbortAsync(TransactionRequest request, CancellationToken cancellationToken);

    Task RegisterBranchAsync(RegisterRequest request, CancellationToken cancellationToken);

    /// <summary>Creates a workflow or finds it.</summary>
    Task<WorkflowProgress> PrepareWorkflowAsync(TransactionRequest request, CancellationToken cancellationToken);

    Task<TransactionInfo?> QueryAsync(string gid, CancellationToken cancellationToken);

    Task<TransactionPage> ListAsync(TransactionFilter filter, CancellationToken cancellationToken);

    Task ForceStopAsync(string gid, CancellationToken cancellationToken);

    Task RetryNowAsync(string gid, CancellationToken cancellationToken);

    Task RetryBranchAsync(string gid, string branchId, string op, CancellationToken cancellationToken);

    Task SubscribeAsync(string topic, string url, string remark, CancellationToken cancellationToken);

    Task UnsubscribeAsync(string topic, string url, CancellationToken cancellationToken);

    Task DeleteTopicAsync(string topic, CancellationToken cancellationToken);

    Task<IReadOnlyList<TopicSubscriber>> SubscribersAsync(string topic, CancellationToken cancellationToken);
}

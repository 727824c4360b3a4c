namespace OrleansDtm.Client;

/// <summary>Options of all global transactions. Coordinators other than OrleansDtm use whole seconds only.</summary>
public class TransOptions
{
    /// <summary>1 to 128 characters, unique. Null (default) = a new one.</summary>
    public string? Gid { get; init; }

    /// <summary>
    /// True: the submit is answered when the transaction has ended, or waits for a retry (so it may be unfinished).
    /// False (default): when it is stored.
    /// </summary>
    public bool WaitResult { get; init; }

    /// <summary>
    /// Age at which a saga, or a prepared TCC or XA, is rolled back, and query_prepared of a message is called. Null
    /// (default) = the coordinator's: none for a saga, 35 s for the others by default.
    /// </summary>
    public TimeSpan? TimeoutToFail { get; init; }

    /// <summary>
    /// Wait before the first retry, doubled for further ones. Null (default) = the coordinator's, 10 s by default.
    /// </summary>
    public TimeSpan? RetryInterval { get; init; }

    /// <summary>
    /// Timeout of one branch call. Null (default) = for the coordinator's calls 3 s by default, for calls of the SDK
    /// (try, XA action) <see cref="DtmOptions.BranchTimeout"/>.
    /// </summary>
    public TimeSpan? RequestTimeout { get; init; }

    /// <summary>Sent with each branch call as HTTP headers. Stored with the transaction. Default: none.</summary>
    public IReadOnlyDictionary<string, string> BranchHeaders { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// To find the transaction by; OrleansDtm only. At most 8, keys of at most 64 characters without any of <c>: = ,
    /// *</c>, values of at most 128 without a comma. Not sent to branches. Default: none.
    /// </summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// DTM's custom_data, stored and returned by query. Null (default) = built from the other options. A saga and a
    /// message store options in it as JSON, so it cannot be combined with Concurrent of a saga or Delay.
    /// </summary>
    public string? CustomData { get; init; }

    /// <summary>
    /// URL that gets gid, status and reason when the transaction has ended; OrleansDtm only. Null (default) = none.
    /// </summary>
    public string? CallbackUrl { get; init; }

    /// <summary>
    /// Errors in a row after which a call that can only be retried is put aside, instead of retried for ever: a
    /// compensation, confirm, cancel, commit or rollback, an action of a message, the callback of a workflow. The
    /// transaction is then parked until an operator retries or resolves the call; OrleansDtm only. 0 (default) = never.
    /// </summary>
    public int GiveUpAfter { get; init; }

    /// <summary>
    /// The same, by the time since the first attempt of the call. With both, what comes first. Null (default) = never.
    /// </summary>
    public TimeSpan? GiveUpAfterTime { get; init; }
}

/// <summary>Options of a saga.</summary>
public sealed class SagaOptions : TransOptions
{
    /// <summary>
    /// Retries of all actions together; the next failed attempt rolls the saga back. 0 (default) = no limit.
    /// </summary>
    public int RetryLimit { get; init; }

    /// <summary>
    /// Runs the steps concurrently, except for <see cref="Saga.Order"/>. Default: one after the other.
    /// </summary>
    public bool Concurrent { get; init; }

    /// <summary>
    /// Keeps what the actions answer, for query and <see cref="TransactionResult.Results"/>; OrleansDtm only. Default:
    /// only if a step <c>Returns</c> something or uses a result.
    /// </summary>
    public bool Results { get; init; }
}

/// <summary>Options of a message.</summary>
public sealed class MsgOptions : TransOptions
{
    /// <summary>Runs all calls concurrently. Default: one after the other.</summary>
    public bool Concurrent { get; init; }

    /// <summary>How long after it was stored the calls are made. Null (default) = at once.</summary>
    public TimeSpan? Delay { get; init; }

    /// <summary>
    /// Keeps what the actions answer, for query and <see cref="TransactionResult.Results"/>; OrleansDtm only. Default:
    /// only if a step <c>Returns</c> something or uses a result.
    /// </summary>
    public bool Results { get; init; }
}

using System.Diagnostics;
using System.Text.Json;
using OrleansDtm.Shared;

namespace OrleansDtm.Abstractions;

/// <summary>
/// A transaction for <see cref="ITransactions"/>. Submitting the same object again is idempotent. URLs are http(s)://,
/// grain:// (see <see cref="BranchUrl"/>) or, with <see cref="Protocol"/> grpc, host:port/package.Service/Method; an
/// empty URL is not called.
/// </summary>
public abstract class GlobalTransaction
{
    private protected GlobalTransaction()
    {
    }

    /// <summary>1 to 128 characters, unique. Default: a new one.</summary>
    public string Gid { get; init; } = GidGenerator.New();

    /// <summary>saga, msg, tcc, xa or workflow.</summary>
    public abstract string Type { get; }

    /// <summary>
    /// http (default), grpc or json-rpc. grain:// and http(s):// URLs are called by their own protocol.
    /// </summary>
    public string Protocol { get; init; } = "";

    /// <summary>
    /// Age at which a saga, or a prepared tcc or xa, is rolled back, and query_prepared of a message is called. Null
    /// (default) or zero = the coordinator's: none for a saga or workflow, 35 s for the others by default.
    /// </summary>
    public TimeSpan? TimeoutToFail { get; init; }

    /// <summary>
    /// Wait before the first retry, doubled for further ones. Null (default) or zero = the coordinator's, 10 s by
    /// default.
    /// </summary>
    public TimeSpan? RetryInterval { get; init; }

    /// <summary>Timeout of one branch call. Null (default) or zero = the coordinator's, 3 s by default.</summary>
    public TimeSpan? RequestTimeout { get; init; }

    /// <summary>
    /// Sent with each branch call: as HTTP headers, gRPC metadata, or <see cref="BranchContext.Headers"/>. Null
    /// (default) = none.
    /// </summary>
    public IReadOnlyDictionary<string, string>? BranchHeaders { get; init; }

    /// <summary>
    /// To find the transaction by: at most 8, keys of at most 64 characters without any of <c>: = , *</c>, values of at
    /// most 128 without a comma. Null (default) = none.
    /// </summary>
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    /// <summary>
    /// URL that gets {"gid","trans_type","status","rollback_reason","result"} when the transaction has ended. Empty
    /// (default) = none.
    /// </summary>
    public string CallbackUrl { get; init; } = "";

    /// <summary>
    /// Errors in a row after which a call that can only be retried is put aside, instead of retried for ever: a
    /// compensation, confirm, cancel, commit or rollback, an action of a message, the callback of a workflow. The
    /// transaction is then parked until an operator retries or resolves the call. 0 (default) = never.
    /// </summary>
    public int GiveUpAfter { get; init; }

    /// <summary>
    /// The same, by the time since the first attempt of the call. With both, what comes first. Null (default) or
    /// zero = never.
    /// </summary>
    public TimeSpan? GiveUpAfterTime { get; init; }

    /// <summary>
    /// DTM's custom_data: stored, and returned by query over HTTP. Empty (default) = built from the properties. It
    /// cannot be combined with options of a saga, message or workflow that are stored in it.
    /// </summary>
    public string CustomData { get; init; } = "";

    internal virtual TransactionRequestMessage Message(bool wait) => new()
    {
        // The submitter's trace continues, whether or not Orleans propagates activities.
        TraceParent = Activity.Current is { IdFormat: ActivityIdFormat.W3C } current ? current.Id : null,
        TraceState = Activity.Current?.TraceStateString,
        Type = Type,
        Gid = Gid,
        Protocol = Protocol,
        CustomData = CustomData,
        BranchHeaders = BranchHeaders?.ToDictionary(),
        Tags = Tags?.ToDictionary(),
        TimeoutToFail = TimeoutToFail,
        RetryInterval = RetryInterval,
        RequestTimeout = RequestTimeout,
        CallbackUrl = CallbackUrl,
        WaitResult = wait,
        GiveUpAfter = GiveUpAfter,
        GiveUpAfterTime = GiveUpAfterTime,
    };

    /// <summary>Sets the options of the step that was added last.</summary>
    /// <exception cref="InvalidOperationException">There is no step.</exception>
    private protected static void SetPolicy(List<StepMessage> steps, Func<StepMessage, StepMessage> set)
    {
        if (steps.Count == 0)
        {
            throw new InvalidOperationException("Add a step first: the options are those of the step added last.");
        }

        steps[^1] = set(steps[^1]);
    }

    /// <summary>Bytes are sent unchanged, not as base64 in JSON.</summary>
    private protected static byte[] Body<T>(T payload, JsonSerializerOptions? json) => payload switch
    {
        byte[] bytes => bytes.ToArray(),
        ReadOnlyMemory<byte> bytes => bytes.ToArray(),
        _ => JsonSerializer.SerializeToUtf8Bytes(payload, json ?? WebJson.Options),
    };
}

/// <summary>Steps with compensations: all succeed, or those that ran are compensated in reverse order.</summary>
public sealed class SagaTransaction : GlobalTransaction
{
    private readonly List<StepMessage> _steps = [];
    private readonly Dictionary<int, int[]> _orders = [];

    public override string Type => "saga";

    /// <summary>
    /// Retries of all actions together; the next failed attempt rolls the saga back. 0 (default) = no limit.
    /// </summary>
    public int RetryLimit { get; init; }

    /// <summary>Runs the steps concurrently, except for <see cref="Order"/>. Default: one after the other.</summary>
    public bool Concurrent { get; init; }

    /// <summary>
    /// Keeps what the actions answer, for the payloads of later steps and compensations (<see cref="ResultPart"/>) and
    /// in <see cref="TransactionResult.Results"/>. Default: false.
    /// </summary>
    public bool Results { get; init; }

    /// <summary>Adds a step with a body that is sent unchanged to both calls; empty = none.</summary>
    /// <param name="action">URL of the action.</param>
    /// <param name="compensate">URL of the compensation.</param>
    /// <param name="payload">The body.</param>
    public SagaTransaction Step(string action, string compensate, ReadOnlyMemory<byte> payload = default)
    {
        _steps.Add(new StepMessage { Action = action, Compensate = compensate, Payload = payload.ToArray() });
        return this;
    }

    /// <summary>Adds a step with a JSON body; bytes are sent unchanged.</summary>
    /// <param name="action">URL of the action.</param>
    /// <param name="compensate">URL of the compensation.</param>
    /// <param name="payload">Serialized to JSON, unless it is bytes.</param>
    /// <param name="json">Null = those of <see cref="JsonSerializerDefaults.Web"/>.</param>
    public SagaTransaction Step<T>(string action, string compensate, T payload, JsonSerializerOptions? json = null) =>
        Step(action, compensate, (ReadOnlyMemory<byte>)Body(payload, json));

    /// <summary>Sets options of the step added last.</summary>
    /// <param name="action">Of its action; null = the transaction's.</param>
    /// <param name="compensate">Of its compensation; null = the transaction's.</param>
    /// <exception cref="InvalidOperationException">There is no step.</exception>
    public SagaTransaction WithPolicy(StepPolicy? action, StepPolicy? compensate = null)
    {
        SetPolicy(_steps, step => step with { Policy = action, CompensatePolicy = compensate });
        return this;
    }

    /// <summary>Gives the compensation of the step added last a body of its own.</summary>
    /// <param name="payload">Serialized to JSON, unless it is bytes. It may use the result of the step itself.</param>
    /// <param name="json">Null = those of <see cref="JsonSerializerDefaults.Web"/>.</param>
    /// <exception cref="InvalidOperationException">There is no step.</exception>
    public SagaTransaction CompensateWith<T>(T payload, JsonSerializerOptions? json = null)
    {
        SetPolicy(_steps, step => step with { CompensatePayload = Body(payload, json) });
        return this;
    }

    /// <summary>Lets a step of a concurrent saga wait for others.</summary>
    /// <param name="step">Index of the step, from 0.</param>
    /// <param name="after">Indexes of its predecessors.</param>
    public SagaTransaction Order(int step, params int[] after)
    {
        _orders[step] = after;
        return this;
    }

    internal override TransactionRequestMessage Message(bool wait) => base.Message(wait) with
    {
        Steps = [.. _steps],
        RetryLimit = RetryLimit,
        Results = Results,
        Concurrent = Concurrent,
        Orders = _orders.Count == 0 ? null : new Dictionary<int, int[]>(_orders),
    };
}

/// <summary>
/// Calls that are made if and only if the submitter's local transaction commits: prepare, commit, submit. Without a
/// submit the coordinator calls <see cref="QueryPrepared"/>. A submit without prepare sends the message in any case.
/// </summary>
public sealed class MsgTransaction : GlobalTransaction
{
    private readonly List<StepMessage> _steps = [];

    public override string Type => "msg";

    /// <summary>
    /// URL that tells whether the local transaction committed: success = yes, failure = no. Required for prepare.
    /// </summary>
    public string QueryPrepared { get; init; } = "";

    /// <summary>Runs all actions concurrently. Default: one after the other.</summary>
    public bool Concurrent { get; init; }

    /// <summary>
    /// Keeps what the actions answer, for the payloads of later steps (<see cref="ResultPart"/>) and in
    /// <see cref="TransactionResult.Results"/>. Default: false.
    /// </summary>
    public bool Results { get; init; }

    /// <summary>How long after it was stored the actions are called. Null (default) or zero = at once.</summary>
    public TimeSpan? Delay { get; init; }

    /// <summary>Adds a call with a body that is sent unchanged; empty = none.</summary>
    /// <param name="action">URL of the action, or <c>topic://name</c>.</param>
    /// <param name="payload">The body.</param>
    public MsgTransaction Step(string action, ReadOnlyMemory<byte> payload = default)
    {
        _steps.Add(new StepMessage { Action = action, Payload = payload.ToArray() });
        return this;
    }

    /// <summary>Adds a call with a JSON body; bytes are sent unchanged.</summary>
    /// <param name="action">URL of the action, or <c>topic://name</c>.</param>
    /// <param name="payload">Serialized to JSON, unless it is bytes.</param>
    /// <param name="json">Null = those of <see cref="JsonSerializerDefaults.Web"/>.</param>
    public MsgTransaction Step<T>(string action, T payload, JsonSerializerOptions? json = null) =>
        Step(action, (ReadOnlyMemory<byte>)Body(payload, json));

    /// <summary>Sets options of the call added last.</summary>
    /// <exception cref="InvalidOperationException">There is no call.</exception>
    public MsgTransaction WithPolicy(StepPolicy policy)
    {
        SetPolicy(_steps, step => step with { Policy = policy });
        return this;
    }

    /// <summary>Adds a call of every subscriber of a topic.</summary>
    public MsgTransaction Topic<T>(string topic, T payload, JsonSerializerOptions? json = null) =>
        Step($"topic://{topic}", payload, json);

    internal override TransactionRequestMessage Message(bool wait) => base.Message(wait) with
    {
        Steps = [.. _steps],
        QueryPrepared = QueryPrepared,
        Results = Results,
        Concurrent = Concurrent,
        Delay = Delay,
    };
}

/// <summary>
/// Try, then confirm or cancel: prepare it, register each branch and call its try, then submit or abort. To continue
/// with only the gid, create a new object.
/// </summary>
public sealed class TccTransaction : GlobalTransaction
{
    public override string Type => "tcc";
}

/// <summary>XA: like tcc, each branch with one URL that commits or rolls back.</summary>
public sealed class XaTransaction : GlobalTransaction
{
    public override string Type => "xa";
}

/// <summary>
/// Code that resumes after a crash: its step results are registered, and the coordinator calls it again if it stops.
/// </summary>
public sealed class WorkflowTransaction : GlobalTransaction
{
    public override string Type => "workflow";

    /// <summary>URL of the resuming call. Empty (default) = it is not resumed.</summary>
    public string QueryPrepared { get; init; } = "";

    /// <summary>The op of the resuming call.</summary>
    public string Name { get; init; } = "";

    /// <summary>The body of the resuming call. Default: empty.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    internal override TransactionRequestMessage Message(bool wait) => base.Message(wait) with
    {
        QueryPrepared = QueryPrepared,
        WorkflowName = Name,
        WorkflowData = Data.ToArray(),
    };
}

using System.Diagnostics;
using System.Text.Json;

namespace OrleansDtm.Abstractions;

/// <summary>
/// A transaction to be handed to <see cref="ITransactions"/>. Handing the same object over again, after a lost answer say, asks for
/// the same transaction. URLs are http(s)://, grain:// (see <see cref="BranchUrl"/>) or, with <see cref="Protocol"/> grpc,
/// host:port/package.Service/Method; an empty one is a call that nobody has to make.
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

    /// <summary>http (default), grpc or json-rpc; grain:// and http(s):// URLs are called as such whatever it is.</summary>
    public string Protocol { get; init; } = "";

    /// <summary>
    /// A saga is rolled back at this age, a prepared message asked about, a prepared tcc or xa rolled back. Null (default) or zero = the
    /// coordinator's: never for a saga or workflow, 35 s for the others unless configured.
    /// </summary>
    public TimeSpan? TimeoutToFail { get; init; }

    /// <summary>Wait before the first retry, doubling from there. Null (default) or zero = the coordinator's: 10 s unless configured.</summary>
    public TimeSpan? RetryInterval { get; init; }

    /// <summary>How long one call of a branch may take. Null (default) or zero = the coordinator's: 3 s unless configured.</summary>
    public TimeSpan? RequestTimeout { get; init; }

    /// <summary>Go with each call of a branch: as HTTP headers, gRPC metadata, or <see cref="BranchContext.Headers"/>. Null (default) = none.</summary>
    public IReadOnlyDictionary<string, string>? BranchHeaders { get; init; }

    /// <summary>Told {"gid","trans_type","status","rollback_reason","result"} when it has ended. Empty (default) = nobody.</summary>
    public string CallbackUrl { get; init; } = "";

    /// <summary>
    /// DTM's custom_data, for whoever knows it: kept, and shown by query over HTTP. Empty (default) = made of the properties. A saga, a
    /// message and a workflow keep their own options in it, so it cannot be given together with those.
    /// </summary>
    public string CustomData { get; init; } = "";

    internal virtual TransactionRequestMessage Message(bool wait) => new()
    {
        // Whoever submits within a trace of its own finds the transaction in it, whether or not Orleans propagates activities.
        TraceParent = Activity.Current is { IdFormat: ActivityIdFormat.W3C } current ? current.Id : null,
        TraceState = Activity.Current?.TraceStateString,
        Type = Type,
        Gid = Gid,
        Protocol = Protocol,
        CustomData = CustomData,
        BranchHeaders = BranchHeaders?.ToDictionary(),
        TimeoutToFail = TimeoutToFail,
        RetryInterval = RetryInterval,
        RequestTimeout = RequestTimeout,
        CallbackUrl = CallbackUrl,
        WaitResult = wait,
    };

    /// <summary>Bytes are a body already: whoever hands them over does not mean base64 in quotes.</summary>
    private protected static byte[] Body<T>(T payload, JsonSerializerOptions? json) => payload switch
    {
        byte[] bytes => bytes.ToArray(),
        ReadOnlyMemory<byte> bytes => bytes.ToArray(),
        _ => JsonSerializer.SerializeToUtf8Bytes(payload, json ?? JsonSerializerOptions.Web),
    };
}

/// <summary>Steps that can be taken back: all of them are done, or what was done is compensated in reverse order.</summary>
public sealed class SagaTransaction : GlobalTransaction
{
    private readonly List<StepMessage> _steps = [];
    private readonly Dictionary<int, int[]> _orders = [];

    public override string Type => "saga";

    /// <summary>Failed calls after which it is rolled back. 0 (default) = no limit.</summary>
    public int RetryLimit { get; init; }

    /// <summary>Steps run side by side, except where <see cref="Order"/> says otherwise. Default: one after the other.</summary>
    public bool Concurrent { get; init; }

    /// <summary>Adds a step with a body that goes to both calls as it is; empty = none.</summary>
    /// <param name="action">URL that does it.</param>
    /// <param name="compensate">URL that takes it back.</param>
    /// <param name="payload">The body.</param>
    public SagaTransaction Step(string action, string compensate, ReadOnlyMemory<byte> payload = default)
    {
        _steps.Add(new StepMessage { Action = action, Compensate = compensate, Payload = payload.ToArray() });
        return this;
    }

    /// <summary>Adds a step whose body is JSON; bytes go as they are.</summary>
    /// <param name="action">URL that does it.</param>
    /// <param name="compensate">URL that takes it back.</param>
    /// <param name="payload">Becomes JSON, unless it is bytes.</param>
    /// <param name="json">Null = <see cref="JsonSerializerOptions.Web"/>.</param>
    public SagaTransaction Step<T>(string action, string compensate, T payload, JsonSerializerOptions? json = null) =>
        Step(action, compensate, (ReadOnlyMemory<byte>)Body(payload, json));

    /// <summary>Concurrent: lets a step wait for others.</summary>
    /// <param name="step">Index of the step, from 0.</param>
    /// <param name="after">Indexes of those that must be done before it.</param>
    public SagaTransaction Order(int step, params int[] after)
    {
        _orders[step] = after;
        return this;
    }

    internal override TransactionRequestMessage Message(bool wait) => base.Message(wait) with
    {
        Steps = [.. _steps],
        RetryLimit = RetryLimit,
        Concurrent = Concurrent,
        Orders = _orders.Count == 0 ? null : new Dictionary<int, int[]>(_orders),
    };
}

/// <summary>
/// Calls that happen if, and only if, the submitter's local transaction commits: prepare, commit, submit. When the submit does not come,
/// <see cref="QueryPrepared"/> is asked. Submitted without having been prepared it is a plain reliable message.
/// </summary>
public sealed class MsgTransaction : GlobalTransaction
{
    private readonly List<StepMessage> _steps = [];

    public override string Type => "msg";

    /// <summary>URL that tells whether a prepared message was meant: success = yes, failure = no. Needed to prepare.</summary>
    public string QueryPrepared { get; init; } = "";

    /// <summary>All actions side by side. Default: one after the other.</summary>
    public bool Concurrent { get; init; }

    /// <summary>How long after it was stored the actions are called. Null (default) or zero = at once.</summary>
    public TimeSpan? Delay { get; init; }

    /// <summary>Adds a call with a body that goes as it is; empty = none.</summary>
    /// <param name="action">Whom to call, or <c>topic://name</c>.</param>
    /// <param name="payload">The body.</param>
    public MsgTransaction Step(string action, ReadOnlyMemory<byte> payload = default)
    {
        _steps.Add(new StepMessage { Action = action, Payload = payload.ToArray() });
        return this;
    }

    /// <summary>Adds a call whose body is JSON; bytes go as they are.</summary>
    /// <param name="action">Whom to call, or <c>topic://name</c>.</param>
    /// <param name="payload">Becomes JSON, unless it is bytes.</param>
    /// <param name="json">Null = <see cref="JsonSerializerOptions.Web"/>.</param>
    public MsgTransaction Step<T>(string action, T payload, JsonSerializerOptions? json = null) =>
        Step(action, (ReadOnlyMemory<byte>)Body(payload, json));

    /// <summary>Adds a call of every subscriber of a topic.</summary>
    public MsgTransaction Topic<T>(string topic, T payload, JsonSerializerOptions? json = null) => Step($"topic://{topic}", payload, json);

    internal override TransactionRequestMessage Message(bool wait) => base.Message(wait) with
    {
        Steps = [.. _steps],
        QueryPrepared = QueryPrepared,
        Concurrent = Concurrent,
        Delay = Delay,
    };
}

/// <summary>
/// Try, then confirm or cancel: prepare it, for each branch register it and call its try, then submit or abort. Whoever knows only the
/// gid makes a new object with it.
/// </summary>
public sealed class TccTransaction : GlobalTransaction
{
    public override string Type => "tcc";
}

/// <summary>Databases that can prepare: as tcc, each branch with one URL that commits or rolls back.</summary>
public sealed class XaTransaction : GlobalTransaction
{
    public override string Type => "xa";
}

/// <summary>Code that must survive its process: what its steps came to is registered, and when it falls silent it is called again.</summary>
public sealed class WorkflowTransaction : GlobalTransaction
{
    public override string Type => "workflow";

    /// <summary>URL that resumes it. Empty (default) = nobody does.</summary>
    public string QueryPrepared { get; init; } = "";

    /// <summary>The op with which it is resumed.</summary>
    public string Name { get; init; } = "";

    /// <summary>The body with which it is resumed. Default: empty.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    internal override TransactionRequestMessage Message(bool wait) => base.Message(wait) with
    {
        QueryPrepared = QueryPrepared,
        WorkflowName = Name,
        WorkflowData = Data.ToArray(),
    };
}

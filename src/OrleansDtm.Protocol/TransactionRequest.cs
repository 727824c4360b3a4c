using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace OrleansDtm.Protocol;

/// <summary>The body of submit, prepare, abort, forceStop etc., as DTM's SDKs send it. Durations in seconds.</summary>
[Description("A transaction to submit or prepare. Names are case-insensitive; unknown fields are ignored. "
    + "Durations are in seconds and may have fractions; 0 or no value means the default. A number above "
    + "the maximum is set to the maximum, a negative number is refused. Options of a submit override those "
    + "of its prepare; steps and payloads are always those of the prepare.")]
public sealed class TransactionRequest
{
    [JsonPropertyName("gid"), Required, StringLength(128, MinimumLength = 1)]
    [Description("Identifies the transaction. No control characters, no white space at the end. The same gid "
        + "again is the same transaction.")]
    public string? Gid { get; set; }

    /// <summary>In the SDK: the namespace, which is sent as a header; null and empty = the default one.</summary>
    [JsonIgnore]
    public string? Namespace { get; set; }

    [JsonPropertyName("trans_type"), Required, AllowedValues("saga", "msg", "tcc", "xa", "workflow")]
    [Description("The pattern.")]
    public string? TransType { get; set; }

    /// <summary>Null or empty = http.</summary>
    [JsonPropertyName("protocol"), AllowedValues("http", "grpc", "json-rpc"), DefaultValue("http")]
    [Description("The protocol of the branch calls.")]
    public string? Protocol { get; set; }

    [JsonPropertyName("steps")]
    [Description("saga and msg: the steps, in order; at most 1000 (setting Limits:StepsMax). Patterns tcc, xa and "
        + "workflow register their branches instead.")]
    public List<StepRequest?>? Steps { get; set; }

    /// <summary>One body for each step.</summary>
    [JsonPropertyName("payloads")]
    [Description("saga and msg: one text for each step, the body of its calls. A step with an empty payload is "
        + "called with GET.")]
    public List<string?>? Payloads { get; set; }

    /// <summary>The payloads if the protocol transmits bytes (gRPC); null = <see cref="Payloads"/> is used.</summary>
    [JsonIgnore]
    public IReadOnlyList<ReadOnlyMemory<byte>>? BinPayloads { get; set; }

    /// <summary>
    /// The payloads of compensations if the protocol transmits bytes; null, also of one = that of the step.
    /// </summary>
    [JsonIgnore]
    public IReadOnlyList<ReadOnlyMemory<byte>?>? BinCompensatePayloads { get; set; }

    /// <summary>Keep what the actions answer (not in DTM).</summary>
    [JsonPropertyName("results"), DefaultValue(false)]
    [Description("saga and msg: keep what each action answers, for query, for the submitter that waits, and for "
        + "payloads: the object {\"$result\":\"01\",\"pointer\":\"/id\"} in a payload is replaced by that part of "
        + "the answer of step 01 (JSON Pointer, RFC 6901; none = all of it) when the call is made. A step can use "
        + "steps that surely end before it; a compensation also its own step, null if that did not succeed. A part "
        + "that is missing fails the step as if its service had refused it. An answer has at most 64 KiB (setting "
        + "Limits:ResultBytesMax), all of a transaction 16 times as much. Not in DTM.")]
    public bool? Results { get; set; }

    [JsonPropertyName("query_prepared")]
    [Description("msg: the URL that reports whether the local transaction was committed; a prepare needs it. "
        + "workflow: the URL that resumes it. xa, tcc and saga do not use it.")]
    public string? QueryPrepared { get; set; }

    /// <summary>
    /// JSON in a string: concurrency and orders of a saga, delay of a msg, name and data of a workflow.
    /// </summary>
    [JsonPropertyName("custom_data")]
    [Description("JSON in a string. saga: {\"concurrent\":true,\"orders\":{\"2\":[0,1]}} runs the steps "
        + "concurrently, step 2 after 0 and 1. msg: {\"delay\":60}, seconds after the submit. workflow: "
        + "{\"name\":..,\"data\":base64}.")]
    public string? CustomData { get; set; }

    [JsonPropertyName("rollback_reason")]
    [Description("Used by abort only.")]
    public string? RollbackReason { get; set; }

    /// <summary>Of forceStop: why (not in DTM).</summary>
    [JsonPropertyName("reason")]
    public string? Reason { get; set; }

    /// <summary>Workflow: status, rollback_reason and result of its end.</summary>
    [JsonPropertyName("req_extra")]
    [Description("submit of a workflow: how it ended. Members: status (succeed or failed), rollback_reason, "
        + "result.")]
    public Dictionary<string, string?>? ReqExtra { get; set; }

    /// <summary>msg: run its steps concurrently.</summary>
    [JsonPropertyName("concurrent"), DefaultValue(false)]
    [Description("msg: run all actions concurrently. For a saga it is the same as in custom_data.")]
    public bool? Concurrent { get; set; }

    [JsonPropertyName("wait_result"), DefaultValue(false)]
    [Description("Answer when the transaction has ended: 200 succeeded, 409 rolled back or rolling back, 425 not "
        + "finished (it continues). Without it the answer follows when the transaction is stored.")]
    public bool? WaitResult { get; set; }

    [JsonPropertyName("timeout_to_fail"), Range(0, 31_622_400)]
    [Description("Seconds until a saga, or a prepared tcc or xa, is rolled back; of a prepared msg, until "
        + "query_prepared is called. Default: saga and workflow none, others 35 (setting TimeoutToFail).")]
    public double? TimeoutToFail { get; set; }

    [JsonPropertyName("retry_interval"), Range(0, 604_800)]
    [Description("Seconds before the first retry; doubles up to 10 minutes, with jitter. Default 10 (setting "
        + "RetryInterval), or timeout_to_fail if that is shorter. After an answer 425 of the branch the "
        + "wait starts with it and grows to 8 intervals.")]
    public double? RetryInterval { get; set; }

    [JsonPropertyName("request_timeout"), Range(0, 86_400)]
    [Description("Timeout of one branch call in seconds. Default 3 (setting RequestTimeout).")]
    public double? RequestTimeout { get; set; }

    [JsonPropertyName("retry_limit"), Range(0, 1_000_000), DefaultValue(0L)]
    [Description("saga: retries of all actions together, after which it is rolled back; 0 = no limit.")]
    public long? RetryLimit { get; set; }

    [JsonPropertyName("give_up_after"), Range(0, 1_000_000), DefaultValue(0L)]
    [Description("Errors in a row after which a call that can only be retried is put aside, instead of retried for "
        + "ever: a compensation, confirm, cancel, commit or rollback, an action of a msg, the callback of a "
        + "workflow. The transaction is then parked until retryBranch, resetNextCronTime or resolveBranch. "
        + "0 = never. Not in DTM.")]
    public long? GiveUpAfter { get; set; }

    [JsonPropertyName("give_up_after_seconds"), Range(0, 31_622_400)]
    [Description("The same, by the seconds since the first attempt of the call; the last attempt is at their end. "
        + "With both, what comes first. 0 = never. Not in DTM.")]
    public double? GiveUpAfterSeconds { get; set; }

    [JsonPropertyName("branch_headers")]
    [Description("Headers (gRPC: metadata) of each branch call. Connection headers and null values are left out.")]
    public Dictionary<string, string?>? BranchHeaders { get; set; }

    /// <summary>To find the transaction by (not in DTM).</summary>
    [JsonPropertyName("tags")]
    [Description("Up to 8 tags to find the transaction by: {\"order\":\"4711\"}. Keys have at most 64 characters and "
        + "none of : = , *. Values have at most 128, no comma and no * at the end. SDKs without this field set the "
        + "branch header x-dtm-tags: order=4711,shop=7. Not in DTM.")]
    public Dictionary<string, string?>? Tags { get; set; }

    /// <summary>Called with gid, status and reason when the transaction has ended (not in DTM).</summary>
    [JsonPropertyName("callback_url")]
    [Description("Called by POST when the transaction has ended, at most ten times until it answers 200. Body: "
        + "{\"gid\",\"trans_type\",\"status\",\"rollback_reason\",\"result\"}. Not in DTM.")]
    public string? CallbackUrl { get; set; }

    /// <summary>The header traceparent; null = none.</summary>
    [JsonIgnore]
    public string? TraceParent { get; set; }

    /// <summary>The header tracestate; null = none.</summary>
    [JsonIgnore]
    public string? TraceState { get; set; }
}

/// <summary>The options of one call, instead of the transaction's (not in DTM). Durations in seconds.</summary>
public abstract class CallPolicyRequest
{
    [JsonPropertyName("retry_limit"), Range(0, 1_000_000)]
    [Description("Action of a saga: its retries, after which the saga is rolled back; they do not count against the "
        + "transaction's limit. 0 = no limit. Not in DTM.")]
    public long? RetryLimit { get; set; }

    [JsonPropertyName("retry_interval"), Range(0, 604_800)]
    [Description("Seconds before the first retry of the call. Default: the transaction's. Not in DTM.")]
    public double? RetryInterval { get; set; }

    [JsonPropertyName("retry_backoff"), AllowedValues("doubling", "constant"), DefaultValue("doubling")]
    [Description("doubling: each wait after an error is twice the previous one, up to retry_interval_max; constant: "
        + "each is retry_interval. Both with jitter. Not in DTM.")]
    public string? RetryBackoff { get; set; }

    [JsonPropertyName("retry_interval_max"), Range(0, 604_800)]
    [Description("The longest wait between two attempts in seconds, without jitter. Default: 600 (setting "
        + "RetryIntervalMax). Not in DTM.")]
    public double? RetryIntervalMax { get; set; }

    [JsonPropertyName("request_timeout"), Range(0, 86_400)]
    [Description("Timeout of one attempt in seconds. Default: the transaction's. Not in DTM.")]
    public double? RequestTimeout { get; set; }

    [JsonPropertyName("timeout_to_fail"), Range(0, 31_622_400)]
    [Description("Action of a saga: seconds since its first attempt, after which the saga is rolled back if it has "
        + "not succeeded. Default: none. Not in DTM.")]
    public double? TimeoutToFail { get; set; }

    [JsonPropertyName("headers")]
    [Description("Headers (gRPC: metadata) of the call; they replace branch_headers of the same name. Not in DTM.")]
    public Dictionary<string, string?>? Headers { get; set; }

    [JsonPropertyName("give_up_after"), Range(0, 1_000_000)]
    [Description("Of a compensation, or an action of a msg: errors in a row after which it is put aside. 0 = never. "
        + "Default: the transaction's. Not in DTM.")]
    public long? GiveUpAfter { get; set; }

    [JsonPropertyName("give_up_after_seconds"), Range(0, 31_622_400)]
    [Description("The same, by the seconds since its first attempt. 0 = never. Default: the transaction's. Not in "
        + "DTM.")]
    public double? GiveUpAfterSeconds { get; set; }
}

[Description("The options of a compensation. Not in DTM.")]
public sealed class CompensatePolicyRequest : CallPolicyRequest;

[Description("A step of a saga or msg. The options other than action, compensate and data are those of the action.")]
public sealed class StepRequest : CallPolicyRequest
{
    [JsonPropertyName("action")]
    [Description("A URL, or host:port/package.Service/Method in a gRPC transaction, or grain://type/key/method. "
        + "msg: also topic://name. Empty = nothing is called.")]
    public string? Action { get; set; }

    [JsonPropertyName("compensate")]
    [Description("saga: what undoes the action, an address of the same kind. Empty = nothing is called.")]
    public string? Compensate { get; set; }

    /// <summary>The payload of old SDKs.</summary>
    [JsonPropertyName("data")]
    [Description("The payload, as old SDKs send it; used if payloads has fewer entries than there are steps.")]
    public string? Data { get; set; }

    [JsonPropertyName("compensate_payload")]
    [Description("saga: the payload of the compensation. Default: the payload of the step. Not in DTM.")]
    public string? CompensatePayload { get; set; }

    [JsonPropertyName("compensate_policy")]
    [Description("saga: the options of the compensation. Default: the transaction's. Not in DTM.")]
    public CompensatePolicyRequest? CompensatePolicy { get; set; }
}

/// <summary>custom_data of a saga.</summary>
public sealed class SagaCustomData
{
    [JsonPropertyName("concurrent")]
    public bool Concurrent { get; set; }

    /// <summary>Step index (0-based, as text) to the indexes of its predecessors.</summary>
    [JsonPropertyName("orders")]
    public Dictionary<string, int[]?>? Orders { get; set; }
}

/// <summary>custom_data of a msg.</summary>
public sealed class MsgCustomData
{
    /// <summary>Delay in seconds after the submit.</summary>
    [JsonPropertyName("delay")]
    public double Delay { get; set; }
}

/// <summary>custom_data of a workflow.</summary>
public sealed class WorkflowCustomData
{
    [JsonPropertyName("name")]
    public string? Name { get; set; }

    /// <summary>Base64 in JSON.</summary>
    [JsonPropertyName("data")]
    public byte[]? Data { get; set; }
}

/// <summary>A branch registration: over HTTP a flat map of strings, over gRPC fields with binary data.</summary>
public sealed class RegisterRequest
{
    public string? Gid { get; init; }

    public string? BranchId { get; init; }

    public string? TransType { get; init; }

    /// <summary>Body of the calls, or a workflow step's result.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>All other fields: confirm, cancel, url, op, status, ...</summary>
    public required IReadOnlyDictionary<string, string> Fields { get; init; }
}

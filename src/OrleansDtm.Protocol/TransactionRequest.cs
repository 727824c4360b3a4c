using System.Text.Json.Serialization;

namespace OrleansDtm.Protocol;

/// <summary>The body of submit, prepare, abort, forceStop etc., as DTM's SDKs send it. Durations in seconds.</summary>
public sealed class TransactionRequest
{
    [JsonPropertyName("gid")]
    public string? Gid { get; set; }

    [JsonPropertyName("trans_type")]
    public string? TransType { get; set; }

    /// <summary>Null or empty = http.</summary>
    [JsonPropertyName("protocol")]
    public string? Protocol { get; set; }

    [JsonPropertyName("steps")]
    public List<StepRequest?>? Steps { get; set; }

    /// <summary>One body for each step.</summary>
    [JsonPropertyName("payloads")]
    public List<string?>? Payloads { get; set; }

    /// <summary>The payloads if the protocol transmits bytes (gRPC); null = <see cref="Payloads"/> is used.</summary>
    [JsonIgnore]
    public IReadOnlyList<ReadOnlyMemory<byte>>? BinPayloads { get; set; }

    [JsonPropertyName("query_prepared")]
    public string? QueryPrepared { get; set; }

    /// <summary>
    /// JSON in a string: concurrency and orders of a saga, delay of a msg, name and data of a workflow.
    /// </summary>
    [JsonPropertyName("custom_data")]
    public string? CustomData { get; set; }

    [JsonPropertyName("rollback_reason")]
    public string? RollbackReason { get; set; }

    /// <summary>Of forceStop: why (not in DTM).</summary>
    [JsonPropertyName("reason")]
    public string? Reason { get; set; }

    /// <summary>Workflow: status, rollback_reason and result of its end.</summary>
    [JsonPropertyName("req_extra")]
    public Dictionary<string, string?>? ReqExtra { get; set; }

    /// <summary>msg: run its steps concurrently.</summary>
    [JsonPropertyName("concurrent")]
    public bool? Concurrent { get; set; }

    [JsonPropertyName("wait_result")]
    public bool? WaitResult { get; set; }

    [JsonPropertyName("timeout_to_fail")]
    public double? TimeoutToFail { get; set; }

    [JsonPropertyName("retry_interval")]
    public double? RetryInterval { get; set; }

    [JsonPropertyName("request_timeout")]
    public double? RequestTimeout { get; set; }

    [JsonPropertyName("retry_limit")]
    public long? RetryLimit { get; set; }

    [JsonPropertyName("branch_headers")]
    public Dictionary<string, string?>? BranchHeaders { get; set; }

    /// <summary>Called with gid, status and reason when the transaction has ended (not in DTM).</summary>
    [JsonPropertyName("callback_url")]
    public string? CallbackUrl { get; set; }

    /// <summary>The header traceparent; null = none.</summary>
    [JsonIgnore]
    public string? TraceParent { get; set; }

    /// <summary>The header tracestate; null = none.</summary>
    [JsonIgnore]
    public string? TraceState { get; set; }
}

public sealed class StepRequest
{
    [JsonPropertyName("action")]
    public string? Action { get; set; }

    [JsonPropertyName("compensate")]
    public string? Compensate { get; set; }

    /// <summary>The payload of old SDKs.</summary>
    [JsonPropertyName("data")]
    public string? Data { get; set; }
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

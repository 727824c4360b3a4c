using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace OrleansDtm.Protocol;

/// <summary>{"dtm_result":..., "message":...}</summary>
[Description("The outcome of a request.")]
public sealed class ResultView
{
    [JsonPropertyName("dtm_result")]
    [AllowedValues("SUCCESS", "FAILURE", "ONGOING", "UNAVAILABLE", "ERROR")]
    [Description("SUCCESS; FAILURE = a business failure or an invalid request; ONGOING = not finished; "
        + "UNAVAILABLE and ERROR = retry, or see the message.")]
    public required string DtmResult { get; init; }

    [JsonPropertyName("message"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The reason; names the field of an invalid request. Absent for SUCCESS.")]
    public string? Message { get; init; }

    [JsonPropertyName("results"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("submit with results and wait_result: what the actions answered, in the order of the steps. Not in "
        + "DTM.")]
    public IReadOnlyList<StepResultView>? Results { get; init; }

    public static ResultView Success { get; } = new() { DtmResult = ResultWords.Success };
}

/// <summary>The result of a step (not in DTM).</summary>
[Description("What the action of a step answered. Not in DTM.")]
public sealed class StepResultView
{
    [JsonPropertyName("branch_id")]
    [Description("The step: 01, 02, ...")]
    public required string BranchId { get; init; }

    [JsonPropertyName("result"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The answer as text.")]
    public string? Result { get; init; }

    [JsonPropertyName("bin_result"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The same in base64, if it is not UTF-8 text.")]
    public byte[]? BinResult { get; init; }

    [JsonPropertyName("result_omitted"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("Why the answer is not kept.")]
    public string? ResultOmitted { get; init; }
}

[Description("A new gid.")]
public sealed class NewGidView
{
    [JsonPropertyName("gid")]
    [Description("Unique; sorted by time.")]
    public required string Gid { get; init; }

    [JsonPropertyName("dtm_result")]
    [Description("Always SUCCESS.")]
    public string DtmResult { get; init; } = ResultWords.Success;
}

[Description("The server responds.")]
public sealed class PingView
{
    [JsonPropertyName("msg")]
    [Description("Always pong.")]
    public string Msg { get; init; } = "pong";
}

[Description("The server's version.")]
public sealed class VersionView
{
    [JsonPropertyName("version")]
    [Description("Semantic version.")]
    public required string Version { get; init; }
}

/// <summary>Response of query.</summary>
[Description("A transaction with its branches.")]
public sealed class QueryView
{
    [JsonPropertyName("branches")]
    [Description("The calls of all branches, in the order of registration; empty if the gid does not exist.")]
    public required IReadOnlyList<BranchView> Branches { get; init; }

    [JsonPropertyName("transaction")]
    [Description("Null = no such gid.")]
    public TransactionView? Transaction { get; init; }
}

/// <summary>Response of all. Null transactions = the gid does not exist.</summary>
[Description("A page of transactions, the newest first.")]
public sealed class ListView
{
    [JsonPropertyName("next_position")]
    [Description("The position of the next page; empty = this was the last.")]
    public required string NextPosition { get; init; }

    [JsonPropertyName("transactions")]
    [Description("Null = the gid of the filter does not exist.")]
    public IReadOnlyList<TransactionView>? Transactions { get; init; }
}

/// <summary>Response of resetCronTime.</summary>
[Description("How many transactions were retried.")]
public sealed class ResetCronTimeView
{
    [JsonPropertyName("dtm_result")]
    [Description("Always SUCCESS.")]
    public string DtmResult { get; init; } = ResultWords.Success;

    [JsonPropertyName("succeed_count")]
    [Description("Transactions whose pending calls are made now.")]
    public required int SucceedCount { get; init; }

    [JsonPropertyName("has_remaining")]
    [Description("There are more than limit.")]
    public required bool HasRemaining { get; init; }
}

/// <summary>A transaction as DTM's SDKs and pages read it. Times are RFC 3339 in UTC.</summary>
[Description("A transaction. Times are RFC 3339 in UTC.")]
public sealed class TransactionView
{
    [JsonPropertyName("id")]
    [Description("Grows with the time of creation, in each shard.")]
    public required long Id { get; init; }

    [JsonPropertyName("create_time")]
    [Description("When it was stored.")]
    public required DateTime CreateTime { get; init; }

    [JsonPropertyName("update_time")]
    [Description("When it changed last.")]
    public required DateTime UpdateTime { get; init; }

    [JsonPropertyName("gid")]
    [Description("Identifies the transaction.")]
    public required string Gid { get; init; }

    [JsonPropertyName("namespace"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The namespace; absent = the default one. Not in DTM.")]
    public string? Namespace { get; init; }

    [JsonPropertyName("trans_type")]
    [AllowedValues("saga", "msg", "tcc", "xa", "workflow")]
    [Description("The pattern.")]
    public required string TransType { get; init; }

    [JsonPropertyName("status")]
    [AllowedValues("prepared", "submitted", "aborting", "succeed", "failed")]
    [Description("The status; succeed and failed are final.")]
    public required string Status { get; init; }

    [JsonPropertyName("query_prepared"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The URL given when it was prepared or submitted.")]
    public string? QueryPrepared { get; init; }

    [JsonPropertyName("protocol")]
    [AllowedValues("http", "grpc", "json-rpc")]
    [Description("The protocol of its branch calls.")]
    public required string Protocol { get; init; }

    [JsonPropertyName("finish_time"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("When it succeeded.")]
    public DateTime? FinishTime { get; init; }

    [JsonPropertyName("rollback_time"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("When its rollback was complete.")]
    public DateTime? RollbackTime { get; init; }

    [JsonPropertyName("options"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("JSON in a string: the options with DTM's names, in seconds. Values of secret headers are *** "
        + "for other roles than admin.")]
    public string? Options { get; init; }

    [JsonPropertyName("timeout_to_fail"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("Seconds; only in the answer of prepareWorkflow, if it was given.")]
    public double? TimeoutToFail { get; init; }

    [JsonPropertyName("tags"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The tags, sorted by key; absent = none. Not in DTM.")]
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    [JsonPropertyName("custom_data"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("As submitted.")]
    public string? CustomData { get; init; }

    [JsonPropertyName("result"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("A workflow's result.")]
    public string? Result { get; init; }

    [JsonPropertyName("rollback_reason"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("Why it is rolled back.")]
    public string? RollbackReason { get; init; }

    [JsonPropertyName("next_cron_interval"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("Seconds until the first retry.")]
    public double? NextCronInterval { get; init; }

    [JsonPropertyName("next_cron_time")]
    [Description("When the coordinator looks at it next; if it has ended, the time of the last change.")]
    public required DateTime NextCronTime { get; init; }

    [JsonPropertyName("concurrent")]
    [Description("The steps of a msg run concurrently.")]
    public required bool Concurrent { get; init; }

    [JsonPropertyName("retry_count")]
    [Description("Failed attempts counted against retry_limit. Not in DTM.")]
    public required int RetryCount { get; init; }

    [JsonPropertyName("notice"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The call of callback_url; absent before the end, or without callback_url. Not in DTM.")]
    public NoticeView? Notice { get; init; }

    [JsonPropertyName("parked"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    [Description("A call is put aside after give_up_after, so the transaction waits for an operator; absent = false. "
        + "Not in DTM.")]
    public bool Parked { get; init; }

    [JsonPropertyName("waiting"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("Why it has not ended; absent = it has. Not in DTM.")]
    public WaitingView? Waiting { get; init; }
}

/// <summary>The call of callback_url.</summary>
[Description("The call of callback_url.")]
public sealed class NoticeView
{
    [JsonPropertyName("status")]
    [AllowedValues("prepared", "succeed", "failed")]
    [Description("prepared = not yet delivered; succeed = delivered; failed = given up.")]
    public required string Status { get; init; }

    [JsonPropertyName("attempts")]
    [Description("Calls so far, at most ten.")]
    public required int Attempts { get; init; }

    [JsonPropertyName("last_error"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("Of the last attempt.")]
    public string? LastError { get; init; }
}

/// <summary>A branch call. The fields from attempts on are not in DTM.</summary>
[Description("One call of a branch, such as its action or its compensation. The fields from attempts on are not "
    + "in DTM.")]
public sealed class BranchView
{
    [JsonPropertyName("create_time")]
    [Description("When it was registered.")]
    public required DateTime CreateTime { get; init; }

    [JsonPropertyName("update_time")]
    [Description("When it was called last, or registered.")]
    public required DateTime UpdateTime { get; init; }

    [JsonPropertyName("gid")]
    [Description("The transaction.")]
    public required string Gid { get; init; }

    [JsonPropertyName("url"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("What is called; absent = nothing. Secret query values are *** for other roles than admin.")]
    public string? Url { get; init; }

    [JsonPropertyName("bin_data"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The payload of the call, or the result of a workflow step, in base64.")]
    public byte[]? BinData { get; init; }

    [JsonPropertyName("branch_id")]
    [Description("The branch: 01, 02, ...")]
    public required string BranchId { get; init; }

    [JsonPropertyName("op")]
    [Description("action, compensate, confirm, cancel, commit, rollback, msg, or the name a workflow uses.")]
    public required string Op { get; init; }

    [JsonPropertyName("status")]
    [AllowedValues("prepared", "succeed", "failed")]
    [Description("prepared = not done yet.")]
    public required string Status { get; init; }

    [JsonPropertyName("finish_time"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("When it succeeded or failed.")]
    public DateTime? FinishTime { get; init; }

    [JsonPropertyName("attempts"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    [Description("Calls so far; absent = 0.")]
    public int Attempts { get; init; }

    [JsonPropertyName("next_retry_time"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("When it is called again; absent = it does not wait for a retry.")]
    public DateTime? NextRetryTime { get; init; }

    [JsonPropertyName("last_error"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("Of the last attempt.")]
    public string? LastError { get; init; }

    [JsonPropertyName("history"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The last attempts, at most eight.")]
    public IReadOnlyList<AttemptView>? History { get; init; }

    [JsonPropertyName("parked"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    [Description("The call is put aside after give_up_after: it waits for retryBranch, resetNextCronTime or "
        + "resolveBranch; absent = false.")]
    public bool Parked { get; init; }

    [JsonPropertyName("result"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("results: what the action answered, as text; absent = nothing yet, or see bin_result and "
        + "result_omitted. Not in DTM.")]
    public string? Result { get; init; }

    [JsonPropertyName("bin_result"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The same in base64, if it is not UTF-8 text; for other roles than admin also if it contains =, "
        + "because secret query values of this answer are masked. Not in DTM.")]
    public byte[]? BinResult { get; init; }

    [JsonPropertyName("result_omitted"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("Why the answer is not kept: it is too long. Not in DTM.")]
    public string? ResultOmitted { get; init; }

    [JsonPropertyName("policy"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("What the step sets instead of the transaction's options; absent = nothing.")]
    public CallPolicyView? Policy { get; init; }
}

/// <summary>What a step sets for one of its calls (not in DTM). Seconds; null = the transaction's.</summary>
[Description("What a step sets for one of its calls. Durations are in seconds; absent = the transaction's. Not in "
    + "DTM.")]
public sealed class CallPolicyView
{
    [JsonPropertyName("retry_limit"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("0 = no limit.")]
    public int? RetryLimit { get; init; }

    [JsonPropertyName("retry_interval"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("Before the first retry.")]
    public double? RetryInterval { get; init; }

    [JsonPropertyName("retry_backoff"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [AllowedValues("doubling", "constant")]
    [Description("The growth of the waits.")]
    public string? RetryBackoff { get; init; }

    [JsonPropertyName("retry_interval_max"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The longest wait.")]
    public double? RetryIntervalMax { get; init; }

    [JsonPropertyName("request_timeout"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("Of one attempt.")]
    public double? RequestTimeout { get; init; }

    [JsonPropertyName("timeout_to_fail"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("Since the first attempt.")]
    public double? TimeoutToFail { get; init; }

    [JsonPropertyName("headers"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("Values of secret headers are *** for other roles than admin.")]
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    [JsonPropertyName("give_up_after"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("Errors in a row; 0 = never.")]
    public int? GiveUpAfter { get; init; }

    [JsonPropertyName("give_up_after_seconds"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("Since the first attempt; 0 = never.")]
    public double? GiveUpAfterSeconds { get; init; }
}

[Description("An attempt to call a branch.")]
public sealed class AttemptView
{
    [JsonPropertyName("time")]
    [Description("When it ended.")]
    public required DateTime Time { get; init; }

    [JsonPropertyName("duration_ms")]
    [Description("Milliseconds.")]
    public required double DurationMs { get; init; }

    [JsonPropertyName("outcome")]
    [AllowedValues("succeeded", "failed", "ongoing", "not sent", "unknown")]
    [Description("unknown = an error, or an answer that says nothing.")]
    public required string Outcome { get; init; }

    [JsonPropertyName("error"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("Absent = none.")]
    public string? Error { get; init; }
}

/// <summary>Response of prepareWorkflow.</summary>
[Description("A workflow and the steps that it has recorded.")]
public sealed class WorkflowView
{
    [JsonPropertyName("transaction")]
    [Description("The workflow.")]
    public required TransactionView Transaction { get; init; }

    [JsonPropertyName("progresses")]
    [Description("The recorded steps.")]
    public required IReadOnlyList<BranchView> Progresses { get; init; }
}

/// <summary>A row of the key-value store, including topics.</summary>
[Description("An entry of the key-value store.")]
public sealed class KeyValueView
{
    [JsonPropertyName("id")]
    [Description("Position in the store.")]
    public required long Id { get; init; }

    [JsonPropertyName("create_time")]
    [Description("When it was stored.")]
    public required DateTime CreateTime { get; init; }

    [JsonPropertyName("update_time")]
    [Description("When it changed last.")]
    public required DateTime UpdateTime { get; init; }

    [JsonPropertyName("cat")]
    [Description("The category: topics.")]
    public required string Cat { get; init; }

    [JsonPropertyName("k")]
    [Description("The key: the name of the topic.")]
    public required string Key { get; init; }

    [JsonPropertyName("v")]
    [Description("The value. Of a topic: JSON in a string, [{\"url\":..,\"remark\":..}].")]
    public required string Value { get; init; }

    [JsonPropertyName("version")]
    [Description("Grows with each change.")]
    public required long Version { get; init; }
}

/// <summary>Response of queryKV and scanKV.</summary>
[Description("A page of the key-value store.")]
public sealed class KeyValueListView
{
    [JsonPropertyName("kv")]
    [Description("The entries; empty = none.")]
    public required IReadOnlyList<KeyValueView> Items { get; init; }

    [JsonPropertyName("next_position"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("Where the next page starts; empty = this was the last. Absent in queryKV.")]
    public string? NextPosition { get; init; }
}

/// <summary>A subscriber in a topic's value.</summary>
public sealed class SubscriberView
{
    [JsonPropertyName("url")]
    public string Url { get; set; } = "";

    [JsonPropertyName("remark")]
    public string Remark { get; set; } = "";
}

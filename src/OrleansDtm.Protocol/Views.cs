using System.Text.Json.Serialization;

namespace OrleansDtm.Protocol;

/// <summary>{"dtm_result":..., "message":...}</summary>
public sealed class ResultView
{
    [JsonPropertyName("dtm_result")]
    public required string DtmResult { get; init; }

    [JsonPropertyName("message"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Message { get; init; }

    public static ResultView Success { get; } = new() { DtmResult = ResultWords.Success };
}

public sealed class NewGidView
{
    [JsonPropertyName("gid")]
    public required string Gid { get; init; }

    [JsonPropertyName("dtm_result")]
    public string DtmResult { get; init; } = ResultWords.Success;
}

public sealed class PingView
{
    [JsonPropertyName("msg")]
    public string Msg { get; init; } = "pong";
}

public sealed class VersionView
{
    [JsonPropertyName("version")]
    public required string Version { get; init; }
}

/// <summary>Response of query.</summary>
public sealed class QueryView
{
    [JsonPropertyName("branches")]
    public required IReadOnlyList<BranchView> Branches { get; init; }

    /// <summary>Null = no such gid.</summary>
    [JsonPropertyName("transaction")]
    public TransactionView? Transaction { get; init; }
}

/// <summary>Response of all. Null transactions = the gid does not exist.</summary>
public sealed class ListView
{
    /// <summary>Where the next page starts; empty = this was the last.</summary>
    [JsonPropertyName("next_position")]
    public required string NextPosition { get; init; }

    [JsonPropertyName("transactions")]
    public IReadOnlyList<TransactionView>? Transactions { get; init; }
}

/// <summary>Response of resetCronTime.</summary>
public sealed class ResetCronTimeView
{
    [JsonPropertyName("dtm_result")]
    public string DtmResult { get; init; } = ResultWords.Success;

    [JsonPropertyName("succeed_count")]
    public required int SucceedCount { get; init; }

    [JsonPropertyName("has_remaining")]
    public required bool HasRemaining { get; init; }
}

/// <summary>A transaction as DTM's SDKs and pages read it. Times are RFC 3339 in UTC.</summary>
public sealed class TransactionView
{
    [JsonPropertyName("id")]
    public required long Id { get; init; }

    [JsonPropertyName("create_time")]
    public required DateTime CreateTime { get; init; }

    [JsonPropertyName("update_time")]
    public required DateTime UpdateTime { get; init; }

    [JsonPropertyName("gid")]
    public required string Gid { get; init; }

    [JsonPropertyName("trans_type")]
    public required string TransType { get; init; }

    [JsonPropertyName("status")]
    public required string Status { get; init; }

    [JsonPropertyName("query_prepared"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? QueryPrepared { get; init; }

    [JsonPropertyName("protocol")]
    public required string Protocol { get; init; }

    [JsonPropertyName("finish_time"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTime? FinishTime { get; init; }

    [JsonPropertyName("rollback_time"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTime? RollbackTime { get; init; }

    /// <summary>The options with DTM's names, JSON in a string.</summary>
    [JsonPropertyName("options"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Options { get; init; }

    /// <summary>Seconds; only in the response of prepareWorkflow, if it was given.</summary>
    [JsonPropertyName("timeout_to_fail"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? TimeoutToFail { get; init; }

    [JsonPropertyName("custom_data"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? CustomData { get; init; }

    [JsonPropertyName("result"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Result { get; init; }

    [JsonPropertyName("rollback_reason"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? RollbackReason { get; init; }

    /// <summary>Seconds until the first retry.</summary>
    [JsonPropertyName("next_cron_interval"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? NextCronInterval { get; init; }

    /// <summary>Due time; for a finished transaction the time of the last change.</summary>
    [JsonPropertyName("next_cron_time")]
    public required DateTime NextCronTime { get; init; }

    [JsonPropertyName("concurrent")]
    public required bool Concurrent { get; init; }

    /// <summary>Failed attempts counted against retry_limit (not in DTM).</summary>
    [JsonPropertyName("retry_count")]
    public required int RetryCount { get; init; }

    /// <summary>State of the callback_url call (not in DTM); absent before the end, or without callback_url.</summary>
    [JsonPropertyName("notice"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public NoticeView? Notice { get; init; }
}

/// <summary>The call of callback_url.</summary>
public sealed class NoticeView
{
    /// <summary>prepared, succeed (delivered) or failed (given up).</summary>
    [JsonPropertyName("status")]
    public required string Status { get; init; }

    [JsonPropertyName("attempts")]
    public required int Attempts { get; init; }

    [JsonPropertyName("last_error"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? LastError { get; init; }
}

/// <summary>A branch call. The fields from attempts on are not in DTM.</summary>
public sealed class BranchView
{
    [JsonPropertyName("create_time")]
    public required DateTime CreateTime { get; init; }

    [JsonPropertyName("update_time")]
    public required DateTime UpdateTime { get; init; }

    [JsonPropertyName("gid")]
    public required string Gid { get; init; }

    [JsonPropertyName("url"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Url { get; init; }

    [JsonPropertyName("bin_data"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public byte[]? BinData { get; init; }

    [JsonPropertyName("branch_id")]
    public required string BranchId { get; init; }

    [JsonPropertyName("op")]
    public required string Op { get; init; }

    [JsonPropertyName("status")]
    public required string Status { get; init; }

    [JsonPropertyName("finish_time"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTime? FinishTime { get; init; }

    [JsonPropertyName("attempts"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Attempts { get; init; }

    [JsonPropertyName("next_retry_time"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTime? NextRetryTime { get; init; }

    [JsonPropertyName("last_error"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? LastError { get; init; }

    [JsonPropertyName("history"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<AttemptView>? History { get; init; }
}

public sealed class AttemptView
{
    [JsonPropertyName("time")]
    public required DateTime Time { get; init; }

    /// <summary>Milliseconds.</summary>
    [JsonPropertyName("duration_ms")]
    public required double DurationMs { get; init; }

    /// <summary>succeeded, failed, ongoing or unknown.</summary>
    [JsonPropertyName("outcome")]
    public required string Outcome { get; init; }

    [JsonPropertyName("error"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Error { get; init; }
}

/// <summary>Response of prepareWorkflow.</summary>
public sealed class WorkflowView
{
    [JsonPropertyName("transaction")]
    public required TransactionView Transaction { get; init; }

    /// <summary>Recorded steps of the workflow.</summary>
    [JsonPropertyName("progresses")]
    public required IReadOnlyList<BranchView> Progresses { get; init; }
}

/// <summary>A row of the key-value store, including topics.</summary>
public sealed class KeyValueView
{
    [JsonPropertyName("id")]
    public required long Id { get; init; }

    [JsonPropertyName("create_time")]
    public required DateTime CreateTime { get; init; }

    [JsonPropertyName("update_time")]
    public required DateTime UpdateTime { get; init; }

    [JsonPropertyName("cat")]
    public required string Cat { get; init; }

    [JsonPropertyName("k")]
    public required string Key { get; init; }

    /// <summary>For a topic: JSON, [{"url":..,"remark":..}].</summary>
    [JsonPropertyName("v")]
    public required string Value { get; init; }

    [JsonPropertyName("version")]
    public required long Version { get; init; }
}

/// <summary>Response of queryKV and scanKV.</summary>
public sealed class KeyValueListView
{
    [JsonPropertyName("kv")]
    public required IReadOnlyList<KeyValueView> Items { get; init; }

    /// <summary>Where the next page starts; empty = this was the last. Absent in queryKV.</summary>
    [JsonPropertyName("next_position"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
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

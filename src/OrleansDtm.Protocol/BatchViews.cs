using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace OrleansDtm.Protocol;

/// <summary>The body of batch.</summary>
[Description("The same operation on many unfinished transactions.")]
public sealed class BatchRequest
{
    [JsonPropertyName("operation"), Required, AllowedValues("retry", "unpark", "force_stop", "resolve")]
    [Description("retry: calls that wait for a retry are made now. unpark: calls that are put aside "
        + "are made again (the filter gets parked=true). force_stop: the transactions end as failed, without "
        + "compensation. resolve: calls that wait for a retry count as succeeded, because their effect was applied by "
        + "hand; with host or error in the filter only those calls.")]
    public string? Operation { get; set; }

    [JsonPropertyName("filter")]
    [Description("Parameters of the listing, at least one unless there are gids: gid, gid_prefix, tag, status, "
        + "transType, host, error, parked, createTimeStart, createTimeEnd. Only unfinished transactions are selected.")]
    public Dictionary<string, string?>? Filter { get; set; }

    [JsonPropertyName("gids")]
    [Description("The transactions, at most 1,000, instead of a filter. Those that have ended or do not exist are "
        + "left out.")]
    public List<string>? Gids { get; set; }

    [JsonPropertyName("dry_run"), DefaultValue(false)]
    [Description("Only count what the filter selects.")]
    public bool? DryRun { get; set; }

    [JsonPropertyName("limit"), Range(1, 1_000_000), DefaultValue(10_000L)]
    [Description("At most so many transactions, the newest first.")]
    public long? Limit { get; set; }

    [JsonPropertyName("reason")]
    [Description("Why; force_stop and resolve need it. At most 256 characters are kept.")]
    public string? Reason { get; set; }
}

/// <summary>The body of batchStop.</summary>
[Description("Names a job.")]
public sealed class BatchName
{
    [JsonPropertyName("id"), Required]
    [Description("The job.")]
    public string? Id { get; set; }
}

/// <summary>A job.</summary>
[Description("A job that changes many transactions, and its progress.")]
public sealed class BatchView
{
    [JsonPropertyName("id")]
    [Description("Identifies the job.")]
    public required string Id { get; init; }

    [JsonPropertyName("operation")]
    [AllowedValues("retry", "unpark", "force_stop", "resolve")]
    [Description("What it does.")]
    public required string Operation { get; init; }

    [JsonPropertyName("filter")]
    [Description("Parameters of the listing.")]
    public required IReadOnlyDictionary<string, string> Filter { get; init; }

    [JsonPropertyName("gids"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The transactions, instead of those of the filter.")]
    public IReadOnlyList<string>? Gids { get; init; }

    [JsonPropertyName("dry_run")]
    [Description("It only counts.")]
    public required bool DryRun { get; init; }

    [JsonPropertyName("limit")]
    [Description("At most so many transactions.")]
    public required int Limit { get; init; }

    [JsonPropertyName("reason"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The operator's reason.")]
    public string? Reason { get; init; }

    [JsonPropertyName("by")]
    [Description("The operator.")]
    public required string By { get; init; }

    [JsonPropertyName("status")]
    [AllowedValues("running", "done", "stopped", "failed")]
    [Description("running = at work, or waiting for jobs before it; failed = it cannot continue.")]
    public required string Status { get; init; }

    [JsonPropertyName("create_time")]
    [Description("When it was started.")]
    public required DateTime CreateTime { get; init; }

    [JsonPropertyName("update_time")]
    [Description("When its progress was stored last.")]
    public required DateTime UpdateTime { get; init; }

    [JsonPropertyName("matched")]
    [Description("Transactions that the filter has selected so far.")]
    public required int Matched { get; init; }

    [JsonPropertyName("succeeded")]
    [Description("Transactions that were changed.")]
    public required int Succeeded { get; init; }

    [JsonPropertyName("rejected")]
    [Description("Transactions that refused it, for example because they had ended.")]
    public required int Rejected { get; init; }

    [JsonPropertyName("failed")]
    [Description("Transactions whose silo or store did not answer.")]
    public required int Failed { get; init; }

    [JsonPropertyName("last_error"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The latest reason of a transaction that was not changed.")]
    public string? LastError { get; init; }

    [JsonPropertyName("sample")]
    [Description("The first gids, at most ten.")]
    public required IReadOnlyList<string> Sample { get; init; }
}

/// <summary>A job as the result of a JSON-RPC call.</summary>
public sealed class BatchResultView
{
    [JsonPropertyName("batch")]
    public required BatchView Batch { get; init; }
}

/// <summary>Response of batches.</summary>
[Description("All jobs that are kept.")]
public sealed class BatchListView
{
    [JsonPropertyName("batches")]
    [Description("The newest first; of those that have ended the last 100.")]
    public required IReadOnlyList<BatchView> Batches { get; init; }
}

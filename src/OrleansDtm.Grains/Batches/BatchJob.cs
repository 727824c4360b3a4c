using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansDtm.Grains.Audit;

namespace OrleansDtm.Grains.Batches;

/// <summary>
/// A job that does the same with many transactions, and its progress. Stored as JSON in the key-value store: names are
/// permanent.
/// </summary>
public sealed record BatchJob
{
    /// <summary>Calls that wait for a retry are made now.</summary>
    public const string Retry = "retry";

    /// <summary>Calls that are put aside are made again.</summary>
    public const string Unpark = "unpark";

    /// <summary>The transactions end as failed, without compensation.</summary>
    public const string ForceStop = "force_stop";

    /// <summary>Calls that wait for a retry count as succeeded: their effect was applied by hand.</summary>
    public const string Resolve = "resolve";

    /// <summary>The job waits for its turn or is at work.</summary>
    public const string Running = "running";

    /// <summary>All transactions of the filter, or as many as the limit allows, are done.</summary>
    public const string Done = "done";

    /// <summary>An operator stopped it.</summary>
    public const string Stopped = "stopped";

    /// <summary>It cannot continue; <see cref="LastError"/> says why.</summary>
    public const string Failed = "failed";

    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary>One of the operations above.</summary>
    [JsonPropertyName("operation")]
    public required string Operation { get; init; }

    /// <summary>Parameters of the listing.</summary>
    [JsonPropertyName("filter")]
    public required Dictionary<string, string> Filter { get; init; }

    /// <summary>The transactions, instead of those of the filter; empty = those of the filter.</summary>
    [JsonPropertyName("gids")]
    public string[] Gids { get; init; } = [];

    /// <summary>Only count.</summary>
    [JsonPropertyName("dry_run")]
    public bool DryRun { get; init; }

    /// <summary>At most so many transactions.</summary>
    [JsonPropertyName("limit")]
    public required int Limit { get; init; }

    /// <summary>The operator's reason; empty = none.</summary>
    [JsonPropertyName("reason")]
    public string Reason { get; init; } = "";

    /// <summary>The operator, for the audit log.</summary>
    [JsonPropertyName("by")]
    public required Requester By { get; init; }

    [JsonPropertyName("created")]
    public required DateTimeOffset Created { get; init; }

    [JsonPropertyName("updated")]
    public required DateTimeOffset Updated { get; init; }

    [JsonPropertyName("status")]
    public string Status { get; init; } = Running;

    /// <summary>
    /// The position of the listing, or the index of the gid, at which the job continues; empty = at the start.
    /// </summary>
    [JsonPropertyName("position")]
    public string Position { get; init; } = "";

    /// <summary>Transactions that the filter has selected so far.</summary>
    [JsonPropertyName("matched")]
    public int Matched { get; init; }

    [JsonPropertyName("succeeded")]
    public int Succeeded { get; init; }

    /// <summary>Refused, for example because the transaction has ended meanwhile.</summary>
    [JsonPropertyName("rejected")]
    public int Rejected { get; init; }

    /// <summary>Not done, because a silo or the store did not answer.</summary>
    [JsonPropertyName("failed")]
    public int Unavailable { get; init; }

    /// <summary>The latest reason of a transaction that was not done; empty = none.</summary>
    [JsonPropertyName("last_error")]
    public string LastError { get; init; } = "";

    /// <summary>The first gids that the filter selected.</summary>
    [JsonPropertyName("sample")]
    public string[] Sample { get; init; } = [];

    [JsonIgnore]
    public bool IsRunning => Status == Running;

    internal string ToJson() => JsonSerializer.Serialize(this, BatchJson.Default.BatchJob);

    internal static BatchJob Parse(string json) => JsonSerializer.Deserialize(json, BatchJson.Default.BatchJob)!;
}

[JsonSerializable(typeof(BatchJob))]
internal sealed partial class BatchJson : JsonSerializerContext;

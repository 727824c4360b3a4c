using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace OrleansDtm.Protocol;

/// <summary>The data of an event "transaction".</summary>
[Description("A transaction was created, or its status changed. Not in DTM.")]
public sealed class EventView
{
    [JsonPropertyName("gid")]
    [Description("Identifies the transaction.")]
    public required string Gid { get; init; }

    [JsonPropertyName("namespace"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The namespace; absent = the default one.")]
    public string? Namespace { get; init; }

    [JsonPropertyName("trans_type")]
    [AllowedValues("saga", "msg", "tcc", "xa", "workflow")]
    [Description("The pattern.")]
    public required string TransType { get; init; }

    [JsonPropertyName("status")]
    [AllowedValues("prepared", "submitted", "aborting", "succeed", "failed")]
    [Description("The new status.")]
    public required string Status { get; init; }

    [JsonPropertyName("create_time")]
    [Description("When it was stored.")]
    public required DateTime CreateTime { get; init; }

    [JsonPropertyName("update_time")]
    [Description("When the status changed.")]
    public required DateTime UpdateTime { get; init; }

    [JsonPropertyName("rollback_reason"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("Why it is rolled back.")]
    public string? RollbackReason { get; init; }

    [JsonPropertyName("tags"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The tags; absent = none.")]
    public IReadOnlyDictionary<string, string>? Tags { get; init; }
}

/// <summary>The data of an event "reset".</summary>
[Description("Changes were missed: read the state again.")]
public sealed class ResetView
{
    [JsonPropertyName("reason")]
    [Description("Why.")]
    public required string Reason { get; init; }
}

using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansDtm.Protocol;

/// <summary>A page of the audit log.</summary>
[Description("A page of the audit log.")]
public sealed record AuditView
{
    [Description("The newest first.")]
    public required IReadOnlyList<AuditRecordView> Records { get; init; }

    [Description("The position of the next page; empty = this is the last one.")]
    public string NextPosition { get; init; } = "";
}

/// <summary>A record of the audit log.</summary>
[Description("Who did what, when, and with which outcome.")]
public sealed record AuditRecordView
{
    [Description("Grows with time.")]
    public long Id { get; init; }

    [Description("RFC 3339 in UTC.")]
    public DateTime Time { get; init; }

    [Description("submit, forceStop, subscribe, signIn, ...")]
    public required string Action { get; init; }

    [AllowedValues("done", "rejected", "failed", "refused")]
    [Description("rejected = invalid, or not possible in this status; failed = the store did not answer; refused = no "
        + "key, or without the role.")]
    public required string Outcome { get; init; }

    [Description("The transaction; empty = none.")]
    public required string Gid { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The namespace of the request; absent = the default one.")]
    public string? Namespace { get; init; }

    [Description("The name of the key, or of the token's subject; empty = unknown.")]
    public required string Caller { get; init; }

    [Description("What authenticated the caller: key, token, session, orleans or anonymous; empty = nothing.")]
    public required string Kind { get; init; }

    [Description("The caller's role; empty = none.")]
    public required string Role { get; init; }

    [Description("The address of the caller's connection.")]
    public required string Address { get; init; }

    [Description("Status of the transaction before the action; empty = unknown.")]
    public required string Before { get; init; }

    [Description("Status of the transaction after the action; empty = unknown.")]
    public required string After { get; init; }

    [Description("The branch, the topic, or the reason.")]
    public required string Detail { get; init; }
}

/// <summary>Source-generated JSON of the audit log, which DTM does not have.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(AuditView))]
public sealed partial class AuditViewJson : JsonSerializerContext
{
    /// <summary>The context to use. Texts are not escaped for HTML.</summary>
    public static AuditViewJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}

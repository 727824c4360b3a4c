using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Audit;

/// <summary>A page of the audit log.</summary>
[Description("A page of the audit log.")]
internal sealed record AuditView
{
    [Description("The newest first.")]
    public required IReadOnlyList<AuditRecordView> Records { get; init; }

    [Description("The position of the next page; empty = this is the last one.")]
    public string NextPosition { get; init; } = "";

    public static AuditView Of(IReadOnlyList<AuditItem> page, int limit) => new()
    {
        Records = [.. page.Select(AuditRecordView.Of)],
        NextPosition = page.Count < limit ? "" : page[^1].Id.ToString(CultureInfo.InvariantCulture),
    };
}

/// <summary>A record of the audit log.</summary>
[Description("Who did what, when, and with which outcome.")]
internal sealed record AuditRecordView
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

    public static AuditRecordView Of(AuditItem item) => new()
    {
        Id = item.Id,
        Time = item.Record.At.UtcDateTime,
        Action = item.Record.Action,
        Outcome = item.Record.Outcome,
        Gid = item.Record.Gid,
        Caller = item.Record.Caller,
        Kind = item.Record.Kind,
        Role = item.Record.Role,
        Address = item.Record.Address,
        Before = item.Record.Before,
        After = item.Record.After,
        Detail = item.Record.Detail,
    };
}

[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(AuditView))]
internal sealed partial class AuditJson : JsonSerializerContext
{
    /// <summary>The context to use. Texts are not escaped for HTML.</summary>
    public static AuditJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}

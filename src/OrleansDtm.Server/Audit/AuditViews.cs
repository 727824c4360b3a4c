using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Audit;

/// <summary>A page of the audit log.</summary>
internal sealed record AuditView
{
    /// <summary>The newest first.</summary>
    public required IReadOnlyList<AuditRecordView> Records { get; init; }

    /// <summary>The position of the next page; empty = this is the last one.</summary>
    public string NextPosition { get; init; } = "";

    public static AuditView Of(IReadOnlyList<AuditItem> page, int limit) => new()
    {
        Records = [.. page.Select(AuditRecordView.Of)],
        NextPosition = page.Count < limit ? "" : page[^1].Id.ToString(CultureInfo.InvariantCulture),
    };
}

/// <summary>A record of the audit log.</summary>
internal sealed record AuditRecordView
{
    public long Id { get; init; }

    /// <summary>UTC.</summary>
    public DateTime Time { get; init; }

    public required string Action { get; init; }

    /// <summary>done, rejected, failed or refused.</summary>
    public required string Outcome { get; init; }

    public required string Gid { get; init; }

    public required string Caller { get; init; }

    /// <summary>key, token, session, orleans or anonymous.</summary>
    public required string Kind { get; init; }

    public required string Role { get; init; }

    public required string Address { get; init; }

    /// <summary>Status before the action.</summary>
    public required string Before { get; init; }

    /// <summary>Status after the action.</summary>
    public required string After { get; init; }

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

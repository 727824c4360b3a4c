using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansDtm.Storage;

/// <summary>The column <c>detail</c> of the audit log: what is not searched.</summary>
internal sealed record AuditDetail
{
    public string? Kind { get; init; }

    public string? Role { get; init; }

    public string? Address { get; init; }

    public string? Detail { get; init; }

    public string? Before { get; init; }

    public string? After { get; init; }

    public static string Write(AuditRecord record) => JsonSerializer.Serialize(
        new AuditDetail
        {
            Kind = OrNull(record.Kind),
            Role = OrNull(record.Role),
            Address = OrNull(record.Address),
            Detail = OrNull(record.Detail),
            Before = OrNull(record.Before),
            After = OrNull(record.After),
        },
        AuditJson.Default.AuditDetail);

    private static string? OrNull(string text) => text.Length > 0 ? text : null;

    public static AuditDetail Read(string json) => JsonSerializer.Deserialize(json, AuditJson.Default.AuditDetail)!;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AuditDetail))]
internal sealed partial class AuditJson : JsonSerializerContext;

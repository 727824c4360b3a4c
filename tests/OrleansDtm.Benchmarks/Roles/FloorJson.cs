using System.Text.Json.Serialization;

namespace OrleansDtm.Benchmarks.Roles;

internal sealed record FloorStep([property: JsonPropertyName("action")] string Action);

/// <summary>The fields of a submit or prepare that the floor needs.</summary>
internal sealed record FloorSubmit(
    [property: JsonPropertyName("gid")] string Gid,
    [property: JsonPropertyName("trans_type")] string TransType,
    [property: JsonPropertyName("steps")] FloorStep[]? Steps,
    [property: JsonPropertyName("payloads")] string[]? Payloads);

internal sealed record FloorBranch(
    [property: JsonPropertyName("gid")] string Gid,
    [property: JsonPropertyName("branch_id")] string BranchId,
    [property: JsonPropertyName("data")] string? Data,
    [property: JsonPropertyName("confirm")] string Confirm);

[JsonSerializable(typeof(FloorSubmit))]
[JsonSerializable(typeof(FloorBranch))]
internal sealed partial class FloorJson : JsonSerializerContext;

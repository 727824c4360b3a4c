using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansDtm.Grains.Alerts;

/// <summary>An alert for a branch call that keeps failing, with the body that DTM sends.</summary>
/// <param name="Gid">The gid of the transaction.</param>
/// <param name="Status">The status of the transaction.</param>
/// <param name="Branch">The branch URL.</param>
/// <param name="Error">The last error.</param>
/// <param name="RetryCount">The number of consecutive errors.</param>
/// <param name="Parked">True if the call is put aside and waits for an operator; else left out. Not in DTM.</param>
/// <param name="Namespace">The namespace; null = the default one, then left out. Not in DTM.</param>
internal sealed record Alert(
    [property: JsonPropertyName("gid")] string Gid,
    [property: JsonPropertyName("status")] string Status,
    [property: JsonPropertyName("branch")] string Branch,
    [property: JsonPropertyName("error")] string Error,
    [property: JsonPropertyName("retry_count")] int RetryCount,
    [property: JsonPropertyName("parked"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    bool Parked = false,
    [property: JsonPropertyName("namespace"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    string? Namespace = null);

[JsonSerializable(typeof(Alert))]
internal sealed partial class AlertJson : JsonSerializerContext
{
    public static AlertJson Readable { get; } = new(
        new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}

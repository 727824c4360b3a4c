using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansDtm.Grains.Alerts;

/// <summary>A call keeps failing; the body DTM sends.</summary>
/// <param name="Gid">Of the transaction.</param>
/// <param name="Status">Where the transaction stands.</param>
/// <param name="Branch">The URL that is called.</param>
/// <param name="Error">What went wrong the last time.</param>
/// <param name="RetryCount">Errors in a row.</param>
internal sealed record Alert(
    [property: JsonPropertyName("gid")] string Gid,
    [property: JsonPropertyName("status")] string Status,
    [property: JsonPropertyName("branch")] string Branch,
    [property: JsonPropertyName("error")] string Error,
    [property: JsonPropertyName("retry_count")] int RetryCount);

[JsonSerializable(typeof(Alert))]
internal sealed partial class AlertJson : JsonSerializerContext
{
    public static AlertJson Readable { get; } = new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}

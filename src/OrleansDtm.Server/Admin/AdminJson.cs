using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansDtm.Server.Admin;

/// <summary>Source-generated JSON of the page's data.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(OverviewView))]
[JsonSerializable(typeof(TransactionDetail))]
internal sealed partial class AdminJson : JsonSerializerContext
{
    /// <summary>The context to use: texts stay readable. The page never makes markup of them.</summary>
    public static AdminJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansDtm.Server.Admin;

/// <summary>Source-generated JSON of the page's data.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(OverviewView))]
[JsonSerializable(typeof(SortedView))]
[JsonSerializable(typeof(CountsView))]
[JsonSerializable(typeof(TransactionDetail))]
[JsonSerializable(typeof(SubmitView))]
[JsonSerializable(typeof(SettingsView))]
[JsonSerializable(typeof(KeysView))]
[JsonSerializable(typeof(ServicesView))]
internal sealed partial class AdminJson : JsonSerializerContext
{
    /// <summary>The context to use. Texts are not escaped for HTML: the page never creates markup from them.</summary>
    public static AdminJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}

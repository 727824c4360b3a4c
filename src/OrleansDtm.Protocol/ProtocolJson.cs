using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansDtm.Protocol;

/// <summary>
/// Source-generated JSON of the wire contract. Unknown members are ignored: SDKs send more than the coordinator needs.
/// Names are case-insensitive, and the last of duplicate names counts, as in Go.
/// </summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Default, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(TransactionRequest))]
[JsonSerializable(typeof(List<StepRequest>))]
[JsonSerializable(typeof(SagaCustomData))]
[JsonSerializable(typeof(MsgCustomData))]
[JsonSerializable(typeof(WorkflowCustomData))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(WorkflowView))]
[JsonSerializable(typeof(KeyValueListView))]
[JsonSerializable(typeof(List<SubscriberView>))]
[JsonSerializable(typeof(ResultView))]
[JsonSerializable(typeof(NewGidView))]
[JsonSerializable(typeof(PingView))]
[JsonSerializable(typeof(VersionView))]
[JsonSerializable(typeof(QueryView))]
[JsonSerializable(typeof(ListView))]
[JsonSerializable(typeof(TransactionExport))]
[JsonSerializable(typeof(ResetCronTimeView))]
[JsonSerializable(typeof(EventView))]
[JsonSerializable(typeof(ResetView))]
[JsonSerializable(typeof(BatchRequest))]
[JsonSerializable(typeof(BatchName))]
[JsonSerializable(typeof(BatchView))]
[JsonSerializable(typeof(BatchResultView))]
[JsonSerializable(typeof(BatchListView))]
public sealed partial class ProtocolJson : JsonSerializerContext
{
    /// <summary>The context to use. Texts are not escaped (no \u0027 for a quote), as in DTM.</summary>
    public static ProtocolJson Readable { get; } = new(
        new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}

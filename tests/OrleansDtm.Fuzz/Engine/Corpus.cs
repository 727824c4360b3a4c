using System.Text;
using System.Text.Json.Nodes;

namespace OrleansDtm.Fuzz.Engine;

/// <summary>Valid inputs: those of the wire recordings, and handwritten ones.</summary>
public static class Corpus
{
    private const string Url = "http://127.0.0.1:8081/api/busi";

    private static readonly Lazy<IReadOnlyList<JsonObject>> Recorded = new(Read);

    /// <summary>Bodies of submit, prepare, abort and similar requests.</summary>
    public static IReadOnlyList<byte[]> Bodies { get; } =
    [
        .. Texts(
            $$"""{"gid":"g1","trans_type":"saga","steps":[{"action":"{{Url}}/Act1","compensate":"{{Url}}/Comp1"}],"payloads":["{\"amount\":30}"],"wait_result":true}""",
            $$$"""{"gid":"g2","trans_type":"saga","steps":[{"action":"{{{Url}}}/A"},{"action":"{{{Url}}}/B"},{"action":"{{{Url}}}/C"}],"payloads":["1","2","3"],"custom_data":"{\"concurrent\":true,\"orders\":{\"2\":[0,1]}}","retry_limit":3,"retry_interval":10,"timeout_to_fail":60,"request_timeout":3,"branch_headers":{"x-a":"b"},"callback_url":"{{{Url}}}/cb"}""",
            $$$"""{"gid":"g3","trans_type":"msg","steps":[{"action":"{{{Url}}}/M"}],"payloads":["{}"],"query_prepared":"{{{Url}}}/Q","custom_data":"{\"delay\":60}","concurrent":true}""",
            """{"gid":"g4","trans_type":"tcc"}""",
            $$"""{"gid":"g4","branch_id":"01","trans_type":"tcc","confirm":"{{Url}}/C","cancel":"{{Url}}/X","data":"{}"}""",
            $$"""{"gid":"g5","branch_id":"01","trans_type":"xa","url":"{{Url}}/Xa","bin_data":"AAEC"}""",
            $$$"""{"gid":"g6","trans_type":"workflow","query_prepared":"{{{Url}}}/W","custom_data":"{\"name\":\"wf1\",\"data\":\"aGVsbG8=\"}","req_extra":{"status":"succeed","result":"eA=="}}""",
            """{"gid":"g7","trans_type":"saga","protocol":"grpc","steps":[{"action":"localhost:58081/busi.Busi/TransIn"}],"bin_payloads":["CAE="]}""",
            """{"gid":"g8","trans_type":"saga","steps":[{"action":"","compensate":""}],"payloads":["x"]}"""),
        .. Recorded.Value.Select(static body => Encoding.UTF8.GetBytes(body.ToJsonString())),
    ];

    public static IReadOnlyList<byte[]> Texts(params string[] texts) => [.. texts.Select(Encoding.UTF8.GetBytes)];

    private static IReadOnlyList<JsonObject> Read()
    {
        var all = JsonNode.Parse(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "recordings.json")))!["recordings"]!.AsArray();
        return
        [
            .. from recording in all
               from step in recording!["scenario"]!["steps"]!.AsArray()
               where step!["body"] is JsonObject
               select step["body"]!.DeepClone().AsObject(),
        ];
    }
}

using System.Text.Json;
using Google.Protobuf;
using OrleansDtm.Core;
using OrleansDtm.Protocol;
using OrleansDtm.Protocol.Wire;

namespace OrleansDtm.Grains.Service;

/// <summary>What a workflow's SDK sends.</summary>
internal static class WorkflowRules
{
    /// <summary>The name and body with which it is resumed: the data itself, over gRPC in the message of its service.</summary>
    /// <exception cref="RequestException">The custom data is not a workflow's.</exception>
    public static (string Name, byte[] Data) Custom(string? customData, string protocol)
    {
        if (string.IsNullOrEmpty(customData))
        {
            return ("", []);
        }

        try
        {
            var custom = JsonSerializer.Deserialize(customData, ProtocolJson.Default.WorkflowCustomData);
            var data = custom?.Data ?? [];
            return (custom?.Name ?? "", protocol == "grpc" ? new WorkflowData { Data = ByteString.CopyFrom(data) }.ToByteArray() : data);
        }
        catch (JsonException e)
        {
            throw new RequestException("custom_data", $"is not the JSON of a workflow, {{\"name\":..,\"data\":base64}}: wrong at {e.Path}");
        }
    }

    /// <summary>How it ended, from req_extra.</summary>
    /// <exception cref="RequestException">It does not say.</exception>
    public static TransactionEvent.FinishWorkflow End(Dictionary<string, string?>? extra) => new(
        HasSucceeded("req_extra.status", Value(extra, "status")) ? TransactionStatus.Succeed : TransactionStatus.Failed,
        RequestValidator.Reason(Value(extra, "rollback_reason")),
        Value(extra, "result") ?? "");

    /// <summary>In any case, as all names of a body.</summary>
    private static string? Value(Dictionary<string, string?>? extra, string name) =>
        extra?.LastOrDefault(e => e.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    /// <exception cref="RequestException">It is neither succeed nor failed.</exception>
    public static bool HasSucceeded(string field, string? status) => status switch
    {
        "succeed" => true,
        "failed" => false,
        _ => throw new RequestException(field, $"'{RequestValidator.Printable(status ?? "")}' is not succeed or failed"),
    };
}

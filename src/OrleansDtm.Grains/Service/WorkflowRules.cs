using System.Text.Json;
using Google.Protobuf;
using OrleansDtm.Core;
using OrleansDtm.Protocol;
using OrleansDtm.Protocol.Wire;

namespace OrleansDtm.Grains.Service;

/// <summary>Parses the requests of a workflow's SDK.</summary>
internal static class WorkflowRules
{
    /// <summary>
    /// Returns the name and body of the callback: the data itself, or for gRPC its service's message with the data.
    /// </summary>
    /// <exception cref="RequestException">The custom data is not that of a workflow.</exception>
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
            return (custom?.Name ?? "", protocol == "grpc"
                ? new WorkflowData { Data = ByteString.CopyFrom(data) }.ToByteArray()
                : data);
        }
        catch (JsonException e)
        {
            throw new RequestException(
                "custom_data", $"is not the JSON of a workflow, {{\"name\":..,\"data\":base64}}: wrong at {e.Path}");
        }
    }

    /// <summary>Returns the final status and result from req_extra.</summary>
    /// <exception cref="RequestException">The status is missing.</exception>
    public static TransactionEvent.FinishWorkflow End(Dictionary<string, string?>? extra) => new(
        HasSucceeded("req_extra.status", Value(extra, "status")) ? TransactionStatus.Succeed : TransactionStatus.Failed,
        RequestValidator.Reason(Value(extra, "rollback_reason")),
        Value(extra, "result") ?? "");

    /// <summary>Reads a member; names are case-insensitive, like all names of a body.</summary>
    private static string? Value(Dictionary<string, string?>? extra, string name) =>
        extra?.LastOrDefault(e => e.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>Returns true for succeed and false for failed.</summary>
    /// <exception cref="RequestException">The status is neither succeed nor failed.</exception>
    public static bool HasSucceeded(string field, string? status) => status switch
    {
        "succeed" => true,
        "failed" => false,
        _ => throw new RequestException(
            field, $"'{RequestValidator.Printable(status ?? "")}' is not succeed or failed"),
    };
}

using System.Text.Json;
using OrleansDtm.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Invokers;

public static partial class OutcomeRules
{
    /// <summary>The code of a JSON-RPC error counts before any word of its text; an answer without an error is judged as over HTTP.</summary>
    /// <param name="status">HTTP's; JSON-RPC services answer 200 whatever happened.</param>
    /// <param name="body">The answer.</param>
    /// <param name="whole">Nothing was cut off.</param>
    public static Outcome FromJsonRpc(int status, ReadOnlySpan<byte> body, bool whole)
    {
        var (isAnswer, hasError, code) = ReadJsonRpc(body);
        switch (code)
        {
            case JsonRpcCodes.Failure:
                return Outcome.Failed(Text(body));
            case JsonRpcCodes.Ongoing:
                return Outcome.Ongoing(Text(body));
            case not null:
                return Outcome.Unknown($"JSON-RPC error: {Text(body)}");
        }

        var outcome = FromHttp(status, body);
        if (outcome.Kind != OutcomeKind.Succeeded)
        {
            return outcome;
        }

        // Only what says so is a success: neither an error without a code nor the page of some proxy. What was cut off is not read
        // that strictly: asking again would bring the same long answer.
        return hasError ? Outcome.Unknown($"JSON-RPC error without a code: {Text(body)}")
            : !isAnswer && whole ? Outcome.Unknown($"the answer is no JSON-RPC: {Text(body)}")
            : outcome;
    }

    /// <returns>Whether it is a JSON object, whether that has an error, and the error's code if it has one.</returns>
    private static (bool IsAnswer, bool HasError, double? Code) ReadJsonRpc(ReadOnlySpan<byte> body)
    {
        var json = new Utf8JsonReader(body);
        try
        {
            if (!JsonDocument.TryParseValue(ref json, out var document))
            {
                return default;
            }

            using (document)
            {
                if (document.RootElement.ValueKind != JsonValueKind.Object)
                {
                    return default;
                }

                return !document.RootElement.TryGetProperty("error", out var error) || error.ValueKind == JsonValueKind.Null
                    ? (true, false, null)
                    : (true, true, Code(error));
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // The latter: half a pair of surrogates in a name.
        {
            return default;
        }
    }

    private static double? Code(JsonElement error) =>
        error.ValueKind == JsonValueKind.Object
        && error.TryGetProperty("code", out var code)
        && code.ValueKind == JsonValueKind.Number
        && code.TryGetDouble(out var number)
            ? number
            : null;
}

using System.Text.Json;
using OrleansDtm.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Invokers;

public static partial class OutcomeRules
{
    /// <summary>Maximum bytes that are parsed as JSON; the whole response is scanned for words.</summary>
    internal const int JsonRpcBytesMax = 64 * 1024;

    /// <summary>
    /// The code of a JSON-RPC error has priority over words; a response without an error is handled as over HTTP.
    /// </summary>
    /// <param name="status">HTTP status; JSON-RPC services always answer 200.</param>
    /// <param name="body">The response.</param>
    /// <param name="whole">The body is complete.</param>
    public static Outcome FromJsonRpc(int status, ReadOnlySpan<byte> body, bool whole)
    {
        var words = ServiceAnswer.Of(status, body);
        return FromJsonRpc(new ServiceAnswer(status, body)
        {
            IsWhole = whole,
            SaysOngoing = words.SaysOngoing,
            SaysFailure = words.SaysFailure,
        });
    }

    internal static Outcome FromJsonRpc(in ServiceAnswer answer)
    {
        if (answer.Broken is not null)
        {
            return FromBroken(answer);
        }

        var body = answer.Body;
        var (isAnswer, hasError, code) = answer.IsWhole ? ReadJsonRpc(body) : ReadBeginning(body);
        switch (code)
        {
            case JsonRpcCodes.Failure:
                return Outcome.Failed(Text(body));
            case JsonRpcCodes.Ongoing:
                return Outcome.Ongoing(Text(body));
            case not null:
                return Outcome.Unknown($"JSON-RPC error: {Text(body)}");
        }

        var outcome = FromHttp(answer);
        if (outcome.Kind != OutcomeKind.Succeeded)
        {
            return outcome;
        }

        // Only a JSON-RPC response without an error is a success, not an error without a code or a proxy's page. Of a
        // long response only the beginning is parsed.
        return hasError ? Outcome.Unknown($"JSON-RPC error without a code: {Text(body)}")
            : !isAnswer ? Outcome.Unknown($"the answer is not JSON-RPC: {Text(body)}")
            : outcome;
    }

    /// <summary>The member "result" of a complete response without an error; "null" if there is none.</summary>
    internal static byte[] ResultOfJsonRpc(ReadOnlySpan<byte> body)
    {
        var json = new Utf8JsonReader(body);
        var result = "null"u8;
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            // Not by ValueTextEquals, which throws for a name that is not Unicode.
            var isResult = json.ValueSpan.SequenceEqual("result"u8);
            json.Read();
            var start = (int)json.TokenStartIndex;
            json.Skip();
            if (isResult)
            {
                result = body[start..(int)json.BytesConsumed];
            }
        }

        return result.ToArray();
    }

    /// <summary>The result of the beginning of a long response; an error's code comes before its data.</summary>
    private static (bool IsAnswer, bool HasError, double? Code) ReadBeginning(ReadOnlySpan<byte> body)
    {
        var json = new Utf8JsonReader(body, isFinalBlock: false, default);
        try
        {
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            {
                return default;
            }

            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var isError = json.ValueTextEquals("error"u8);
                if (!json.Read())
                {
                    return (true, isError, null);
                }

                if (isError && json.TokenType != JsonTokenType.Null)
                {
                    return (true, true, json.TokenType == JsonTokenType.StartObject ? ReadCode(ref json) : null);
                }

                if (!json.TrySkip())
                {
                    break;
                }
            }

            return (true, false, null);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return default;
        }
    }

    private static double? ReadCode(ref Utf8JsonReader json)
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isCode = json.ValueTextEquals("code"u8);
            if (!json.Read())
            {
                return null;
            }

            if (isCode)
            {
                return json.TokenType == JsonTokenType.Number && json.TryGetDouble(out var code) ? code : null;
            }

            if (!json.TrySkip())
            {
                return null;
            }
        }

        return null;
    }

    /// <returns>Whether it is a JSON object, whether it has an error, and the error's code, if any.</returns>
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

                return !document.RootElement.TryGetProperty("error", out var error)
                    || error.ValueKind == JsonValueKind.Null
                    ? (true, false, null)
                    : (true, true, Code(error));
            }
        }
        // The latter: half a surrogate pair in a name.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
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

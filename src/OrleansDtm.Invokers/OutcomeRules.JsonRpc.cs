using System.Text.Json;
using OrleansDtm.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Invokers;

public static partial class OutcomeRules
{
    /// <summary>As much of an answer is read as JSON; all of it is looked through for words.</summary>
    internal const int JsonRpcBytesMax = 64 * 1024;

    /// <summary>The code of a JSON-RPC error counts before any word of its text; an answer without an error is judged as over HTTP.</summary>
    /// <param name="status">HTTP's; JSON-RPC services answer 200 whatever happened.</param>
    /// <param name="body">The answer.</param>
    /// <param name="whole">Nothing was cut off.</param>
    public static Outcome FromJsonRpc(int status, ReadOnlySpan<byte> body, bool whole)
    {
        var words = ServiceAnswer.Of(status, body);
        return FromJsonRpc(new ServiceAnswer(status, body) { IsWhole = whole, SaysOngoing = words.SaysOngoing, SaysFailure = words.SaysFailure });
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

        // Only what says so is a success: neither an error without a code nor the page of some proxy. Of a long answer
        // the beginning must do.
        return hasError ? Outcome.Unknown($"JSON-RPC error without a code: {Text(body)}")
            : !isAnswer ? Outcome.Unknown($"the answer is no JSON-RPC: {Text(body)}")
            : outcome;
    }

    /// <summary>
    /// What the beginning of a long answer tells; an error is near it, with its code before its data.
    /// </summary>
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

using System.Globalization;
using System.Text;
using System.Text.Json;
using OrleansDtm.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Invokers;

/// <summary>
/// The one place that turns an answer into an outcome. The rules are DTM's, observed on the reference: the words ONGOING and
/// FAILURE in a body count like the statuses 425 and 409, ONGOING first; only 200 is a success; all else is worth a retry.
/// </summary>
public static class OutcomeRules
{
    private const int ErrorTextMax = 512;

    public static Outcome FromHttp(int status, ReadOnlySpan<byte> body)
    {
        if (status == ResultWords.OngoingStatus || body.IndexOf("ONGOING"u8) >= 0)
        {
            return Outcome.Ongoing(Text(body));
        }

        if (status == ResultWords.FailureStatus || body.IndexOf("FAILURE"u8) >= 0)
        {
            return Outcome.Failed(Text(body));
        }

        return status == 200 ? Outcome.Succeeded : Unknown(status, body);
    }

    /// <summary>A notice is delivered or not: what its receiver has to say about it changes nothing.</summary>
    public static Outcome FromNotice(int status, ReadOnlySpan<byte> body) => status == 200 ? Outcome.Succeeded : Unknown(status, body);

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
        catch (JsonException)
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

    private static Outcome Unknown(int status, ReadOnlySpan<byte> body) =>
        Outcome.Unknown(string.Create(CultureInfo.InvariantCulture, $"HTTP status {status}: {Text(body)}"));

    private static string Text(ReadOnlySpan<byte> body) =>
        Encoding.UTF8.GetString(body.Length <= ErrorTextMax ? body : body[..ErrorTextMax]);
}

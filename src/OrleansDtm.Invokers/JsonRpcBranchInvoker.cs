using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using OrleansDtm.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Invokers;

/// <summary>
/// Calls a method of a JSON-RPC service. The method is in the URL's query, the members of the payload are the params,
/// and the call's identity is added to them.
/// </summary>
public sealed class JsonRpcBranchInvoker(BranchHttpClient http) : IBranchInvoker
{
    /// <summary>What a response has besides the result, in bytes.</summary>
    private const int EnvelopeMax = 4096;

    private static readonly string[] OwnParams =
    [
        BranchQuery.Gid,
        BranchQuery.TransType,
        BranchQuery.BranchId,
        BranchQuery.Op,
    ];

    /// <summary>Texts are not escaped (no \u0027 for a quote), as in other JSON here.</summary>
    private static readonly JsonWriterOptions Readable = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public Task<Outcome> Invoke(BranchInvocation call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        if (!CanBeParams(call.Payload.Span))
        {
            // Refused at submit; a result may have made it so. No retry would change it.
            return Task.FromResult(Outcome.Failed(
                "the payload is not a JSON object, so it cannot be the params of a JSON-RPC call") with
            {
                IsUnsent = true,
            });
        }

        var max = call.ResultBytesMax;
        return http.Send(
            call,
            Target,
            Math.Max(OutcomeRules.JsonRpcBytesMax, max + EnvelopeMax),
            max > 0 ? (in ServiceAnswer answer) => WithResult(answer, max) : OutcomeRules.FromJsonRpc,
            cancellationToken);
    }

    /// <summary>The method in the URL's query; null = an ordinary HTTP URL.</summary>
    public static string? MethodOf(string url)
    {
        ArgumentNullException.ThrowIfNull(url);
        var rest = BranchHttpClient.WithoutFragment(url);
        var mark = rest.IndexOf('?');
        if (mark < 0)
        {
            return null;
        }

        rest = rest[(mark + 1)..];
        foreach (var range in rest.Split('&'))
        {
            var pair = rest[range];
            if (pair.StartsWith("method=", StringComparison.Ordinal) && pair.Length > "method=".Length)
            {
                return Uri.UnescapeDataString(pair["method=".Length..].ToString().Replace('+', ' '));
            }
        }

        return null;
    }

    /// <summary>
    /// The payload must be an object, so that the call's identity can be added; an empty payload is an empty object.
    /// </summary>
    public static bool CanBeParams(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty)
        {
            return true;
        }

        var json = new Utf8JsonReader(payload);
        try
        {
            return json.Read() && json.TokenType == JsonTokenType.StartObject && json.TrySkip() && !json.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>The result of the method is the member "result" of the response.</summary>
    private static Outcome WithResult(in ServiceAnswer answer, int max)
    {
        var outcome = OutcomeRules.FromJsonRpc(answer);
        if (outcome.Kind != OutcomeKind.Succeeded)
        {
            return outcome;
        }

        var result = answer.IsWhole ? OutcomeRules.ResultOfJsonRpc(answer.Body) : null;
        return outcome with
        {
            Answer = result is null ? new StepResult(default, $"the response is longer than {max + EnvelopeMax} bytes")
                : result.Length <= max ? new StepResult(result)
                : StepResult.TooLong(max),
        };
    }

    private static (HttpMethod Method, string Url, ReadOnlyMemory<byte> Body) Target(BranchInvocation call) =>
        (HttpMethod.Post, BranchHttpClient.WithoutFragment(call.Url).ToString(), Body(call));

    /// <exception cref="FormatException">The payload has text that is not valid UTF-8.</exception>
    private static ReadOnlyMemory<byte> Body(BranchInvocation call)
    {
        var buffer = new ArrayBufferWriter<byte>(call.Payload.Length + 256);
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc", "2.0");

            // The same for each attempt, so that a service can detect a repetition.
            json.WriteString("id", $"{call.ToldGid}/{call.BranchId}/{call.Op}");
            json.WriteString("method", MethodOf(call.Url));
            json.WriteStartObject("params");
            if (!call.Payload.IsEmpty)
            {
                WritePayload(json, call.Payload);
            }

            json.WriteString(BranchQuery.Gid, call.ToldGid);
            json.WriteString(BranchQuery.TransType, Names.Of(call.Type));
            json.WriteString(BranchQuery.BranchId, call.BranchId);
            json.WriteString(BranchQuery.Op, call.Op);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static void WritePayload(Utf8JsonWriter json, ReadOnlyMemory<byte> payload)
    {
        try
        {
            using var document = JsonDocument.Parse(payload);
            foreach (var member in document.RootElement.EnumerateObject())
            {
                // The call's identity replaces members of the same name: duplicate names would be ambiguous.
                if (Array.IndexOf(OwnParams, member.Name) < 0)
                {
                    member.WriteTo(json);
                }
            }
        }
        catch (InvalidOperationException e)
        {
            throw new FormatException("the payload holds text that is not valid UTF-8", e);
        }
    }
}

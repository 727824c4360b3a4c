using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using OrleansDtm.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Invokers;

/// <summary>
/// Calls a method of a JSON-RPC service: the method stands in the URL's query, the payload's members are the params, and who and
/// what go with them instead of in the query.
/// </summary>
public sealed class JsonRpcBranchInvoker(BranchHttpClient http) : IBranchInvoker
{
    private static readonly string[] OwnParams = [BranchQuery.Gid, BranchQuery.TransType, BranchQuery.BranchId, BranchQuery.Op];

    /// <summary>Texts go as they are (no \u0027 for a quote), as other JSON here.</summary>
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public Task<Outcome> Invoke(BranchInvocation call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        return http.Send(call, Target, OutcomeRules.JsonRpcBytesMax, OutcomeRules.FromJsonRpc, cancellationToken);
    }

    /// <summary>The method a URL names in its query; null = it is an ordinary HTTP URL.</summary>
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

    /// <summary>Only an object has members to which who and what can be added; nothing at all counts as an empty one.</summary>
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

    private static (HttpMethod Method, string Url, ReadOnlyMemory<byte> Body) Target(BranchInvocation call) =>
        (HttpMethod.Post, BranchHttpClient.WithoutFragment(call.Url).ToString(), Body(call));

    /// <exception cref="FormatException">The payload is no JSON object.</exception>
    private static ReadOnlyMemory<byte> Body(BranchInvocation call)
    {
        if (!CanBeParams(call.Payload.Span))
        {
            throw new FormatException("the payload is no JSON object, so it cannot be the params of a JSON-RPC call");
        }

        var buffer = new ArrayBufferWriter<byte>(call.Payload.Length + 256);
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc", "2.0");

            // The same for each try of a call: a service may know a repetition by it.
            json.WriteString("id", $"{call.Gid}/{call.BranchId}/{call.Op}");
            json.WriteString("method", MethodOf(call.Url));
            json.WriteStartObject("params");
            if (!call.Payload.IsEmpty)
            {
                WritePayload(json, call.Payload);
            }

            json.WriteString(BranchQuery.Gid, call.Gid);
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
                // Ours win: a name that came twice would mean one thing to one service and the other to the next.
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

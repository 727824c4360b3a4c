using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace OrleansDtm.Core;

/// <summary>An object <c>{"$result":"01","pointer":"/id"}</c> in a payload.</summary>
/// <param name="Start">Its first byte.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="BranchId">The branch id of the action whose result is meant.</param>
/// <param name="Pointer">The part of the result.</param>
internal readonly record struct ResultReference(int Start, int Length, string BranchId, JsonPointer Pointer);

/// <summary>A payload with the results in it.</summary>
/// <param name="Payload">The payload; empty if a result is missing.</param>
/// <param name="Problem">Why a result is missing; null = the payload is complete.</param>
public readonly record struct FilledPayload(ReadOnlyMemory<byte> Payload, string? Problem);

/// <summary>
/// Finds the references to results in a payload and replaces them by parts of the results. A payload that is not JSON
/// has none. All other bytes of the payload are kept as they are.
/// </summary>
internal static class ResultReferences
{
    /// <summary>The maximum number of references in one payload: a large result many times is a huge payload.</summary>
    public const int Max = 100;

    /// <summary>The maximum depth of JSON; deeper JSON is not understood.</summary>
    private const int DepthMax = 512;

    private static readonly JsonReaderOptions Reading = new() { MaxDepth = DepthMax };

    private static readonly JsonDocumentOptions Parsing = new() { MaxDepth = DepthMax };

    /// <summary>Texts are not escaped for HTML: each character has its own length.</summary>
    private static readonly JsonWriterOptions Writing = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly Encoding StrictUtf8 = new UTF8Encoding(false, throwOnInvalidBytes: true);

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>Finds the references, in the order of the payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="problem">What is wrong with a reference; null = nothing.</param>
    public static ImmutableArray<ResultReference> Find(ReadOnlySpan<byte> payload, out string? problem)
    {
        problem = null;
        var found = ImmutableArray.CreateBuilder<ResultReference>();
        try
        {
            var open = new Stack<OpenObject>();
            var json = new Utf8JsonReader(Unmarked(payload), Reading);
            var mark = payload.Length - Unmarked(payload).Length;
            while (json.Read())
            {
                switch (json.TokenType)
                {
                    case JsonTokenType.StartObject:
                        open.Push(new OpenObject(mark + (int)json.TokenStartIndex));
                        break;
                    case JsonTokenType.PropertyName:
                        open.Peek().Read(ref json);
                        break;
                    case JsonTokenType.EndObject when open.Pop() is { IsReference: true } ended:
                        problem ??= ended.Problem();
                        if (problem is null)
                        {
                            found.Add(ended.Reference(mark + (int)json.BytesConsumed));
                        }

                        break;
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not JSON, or a text in it is not Unicode. What looks like JSON with a reference is a mistake.
            problem = LooksLikeJson(Unmarked(payload)) && payload.IndexOf("$result\""u8) >= 0
                ? "has a $result, but is not valid JSON"
                : null;
            return [];
        }

        problem ??= found.Count > Max ? $"has {found.Count} references to results; the maximum is {Max}" : null;
        return problem is null ? found.ToImmutable() : [];
    }

    private static bool LooksLikeJson(ReadOnlySpan<byte> payload) =>
        payload.TrimStart(" \t\r\n"u8) is [(byte)'{' or (byte)'[', ..];

    /// <summary>Replaces the references by the values.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="references">Its references.</param>
    /// <param name="find">Returns the body of an action's result, or why there is none.</param>
    /// <param name="max">The maximum length of the filled payload in bytes.</param>
    public static FilledPayload Fill(
        ReadOnlyMemory<byte> payload, ImmutableArray<ResultReference> references,
        Func<string, (ReadOnlyMemory<byte>? Body, string? Problem)> find, long max)
    {
        var filled = new ArrayBufferWriter<byte>(payload.Length + 256);
        using var sources = new Sources(find);
        var copied = 0;
        foreach (var reference in references)
        {
            filled.Write(payload.Span[copied..reference.Start]);
            copied = reference.Start + reference.Length;
            if (sources.Write(reference, filled) is { } problem)
            {
                return new FilledPayload(default, $"the result of step {reference.BranchId} {problem}");
            }

            if (filled.WrittenCount > max)
            {
                return new FilledPayload(default, $"its payload with the results is longer than {max} bytes");
            }
        }

        filled.Write(payload.Span[copied..]);
        return new FilledPayload(filled.WrittenMemory, null);
    }

    /// <summary>Returns the bytes without a byte order mark.</summary>
    private static ReadOnlySpan<byte> Unmarked(ReadOnlySpan<byte> json) =>
        json.StartsWith(ByteOrderMark) ? json[ByteOrderMark.Length..] : json;

    /// <summary>The results that one payload uses, each parsed once.</summary>
    private sealed class Sources(Func<string, (ReadOnlyMemory<byte>? Body, string? Problem)> find) : IDisposable
    {
        private readonly Dictionary<string, (ReadOnlyMemory<byte> Body, JsonDocument? Json)> _parsed = [];

        /// <summary>
        /// Writes a part of a result as JSON. The whole of a body that is not JSON becomes a string: its text, or
        /// base64 if it is not UTF-8.
        /// </summary>
        /// <returns>Why there is no such part; null = it was written.</returns>
        public string? Write(in ResultReference reference, IBufferWriter<byte> into)
        {
            if (!_parsed.TryGetValue(reference.BranchId, out var source))
            {
                var (body, problem) = find(reference.BranchId);
                if (problem is not null)
                {
                    return problem;
                }

                if (body is null)
                {
                    into.Write("null"u8);
                    return null;
                }

                source = (body.Value, Parse(body.Value));
                _parsed.Add(reference.BranchId, source);
            }

            return source.Json is { } json ? Pick(json.RootElement, reference.Pointer, into)
                : reference.Pointer.IsWhole ? WriteText(source.Body.Span, into)
                : "is not JSON";
        }

        public void Dispose()
        {
            foreach (var (_, json) in _parsed.Values)
            {
                json?.Dispose();
            }
        }

        private static JsonDocument? Parse(ReadOnlyMemory<byte> body)
        {
            try
            {
                return JsonDocument.Parse(body[(body.Length - Unmarked(body.Span).Length)..], Parsing);
            }
            catch (JsonException)
            {
                return null;
            }
        }

        private static string? Pick(JsonElement document, JsonPointer pointer, IBufferWriter<byte> into)
        {
            try
            {
                if (!pointer.TryFind(document, out var value))
                {
                    return $"has no {pointer}";
                }

                into.Write(JsonMarshal.GetRawUtf8Value(value));
                return null;
            }
            catch (InvalidOperationException)
            {
                return "has a name that is not Unicode"; // Half a surrogate pair.
            }
        }

        private static string? WriteText(ReadOnlySpan<byte> body, IBufferWriter<byte> into)
        {
            using var json = new Utf8JsonWriter(into, Writing);
            try
            {
                json.WriteStringValue(StrictUtf8.GetString(body));
            }
            catch (DecoderFallbackException)
            {
                json.WriteBase64StringValue(body);
            }

            return null;
        }
    }

    /// <summary>An object whose end is not read yet.</summary>
    private sealed class OpenObject(int start)
    {
        private string? _branchId;
        private string _pointer = "";
        private string? _other;

        public bool IsReference { get; private set; }

        /// <summary>Reads the value of a property if it belongs to a reference.</summary>
        public void Read(ref Utf8JsonReader json)
        {
            var isResult = json.ValueTextEquals("$result"u8);
            if (!isResult && !json.ValueTextEquals("pointer"u8))
            {
                _other ??= json.GetString();
                return;
            }

            IsReference |= isResult;
            var ahead = json;
            ahead.Read();
            if (ahead.TokenType != JsonTokenType.String)
            {
                _other ??= isResult ? "$result, which is not a text" : "pointer, which is not a text";
            }
            else if (isResult)
            {
                _branchId = ahead.GetString();
            }
            else
            {
                _pointer = ahead.GetString()!;
            }
        }

        public string? Problem() =>
            _other is not null ? $"an object with $result has only the texts $result and pointer, not {_other}"
            : JsonPointer.Parse(_pointer) is null
                ? $"'{_pointer}' is not a JSON Pointer (RFC 6901), such as /reservation/id"
            : null;

        public ResultReference Reference(int end) =>
            new(start, end - start, _branchId!, JsonPointer.Parse(_pointer)!);
    }
}

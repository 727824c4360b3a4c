using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace OrleansDtm.Core;

/// <summary>An object <c>{"$result":"01","pointer":"/id"}</c> in a payload.</summary>
/// <param name="Start">Its first byte.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="BranchId">The branch id of the action whose result is meant.</param>
/// <param name="Pointer">The part of the result.</param>
internal readonly record struct ResultReference(int Start, int Length, string BranchId, JsonPointer Pointer);

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

    private static readonly Encoding StrictUtf8 = new UTF8Encoding(false, throwOnInvalidBytes: true);

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
            var json = new Utf8JsonReader(payload, Reading);
            while (json.Read())
            {
                switch (json.TokenType)
                {
                    case JsonTokenType.StartObject:
                        open.Push(new OpenObject((int)json.TokenStartIndex));
                        break;
                    case JsonTokenType.PropertyName:
                        open.Peek().Read(ref json);
                        break;
                    case JsonTokenType.EndObject when open.Pop() is { IsReference: true } ended:
                        problem ??= ended.Problem();
                        if (problem is null)
                        {
                            found.Add(ended.Reference((int)json.BytesConsumed));
                        }

                        break;
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            problem = null;
            return []; // Not JSON, or a text in it is not UTF-8.
        }

        problem ??= found.Count > Max ? $"has {found.Count} references to results; the maximum is {Max}" : null;
        return problem is null ? found.ToImmutable() : [];
    }

    /// <summary>Replaces the references by the values.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="references">Its references.</param>
    /// <param name="write">Writes the value of a reference; returns why there is none, or null.</param>
    /// <param name="problem">Why a value is missing; null = all are there.</param>
    public static ReadOnlyMemory<byte> Fill(
        ReadOnlyMemory<byte> payload, ImmutableArray<ResultReference> references,
        Func<ResultReference, IBufferWriter<byte>, string?> write, out string? problem)
    {
        var filled = new ArrayBufferWriter<byte>(payload.Length + 256);
        var copied = 0;
        foreach (var reference in references)
        {
            filled.Write(payload.Span[copied..reference.Start]);
            problem = write(reference, filled);
            if (problem is not null)
            {
                return payload;
            }

            copied = reference.Start + reference.Length;
        }

        filled.Write(payload.Span[copied..]);
        problem = null;
        return filled.WrittenMemory;
    }

    /// <summary>
    /// Writes a part of a body as JSON. The whole of a body that is not JSON becomes a string: its text, or base64 if
    /// it is not UTF-8.
    /// </summary>
    /// <returns>Why there is no such part; null = it was written.</returns>
    public static string? Pick(ReadOnlyMemory<byte> body, JsonPointer pointer, IBufferWriter<byte> into)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(body, Parsing);
        }
        catch (JsonException)
        {
            if (!pointer.IsWhole)
            {
                return "is not JSON";
            }

            using var text = new Utf8JsonWriter(into);
            Write(text, body.Span);
            return null;
        }

        using (document)
        {
            if (!pointer.TryFind(document.RootElement, out var value))
            {
                return $"has no {pointer}";
            }

            into.Write(JsonMarshal.GetRawUtf8Value(value));
            return null;
        }
    }

    private static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> body)
    {
        try
        {
            json.WriteStringValue(StrictUtf8.GetString(body));
        }
        catch (DecoderFallbackException)
        {
            json.WriteBase64StringValue(body);
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

using System.Text;
using System.Text.Json;

namespace OrleansDtm.Client;

/// <summary>How a payload becomes a body.</summary>
internal static class Payload
{
    /// <summary>Strict: bytes that are no text cannot go into DTM's JSON, and must not be changed silently.</summary>
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Bytes are a body already: whoever hands them over does not mean base64 in quotes.</summary>
    public static string Text<T>(T payload, JsonSerializerOptions json) => payload switch
    {
        byte[] bytes => FromBytes(bytes, nameof(payload)),
        ReadOnlyMemory<byte> bytes => FromBytes(bytes.Span, nameof(payload)),
        Memory<byte> bytes => FromBytes(bytes.Span, nameof(payload)),
        _ => JsonSerializer.Serialize(payload, json),
    };

    private static string FromBytes(ReadOnlySpan<byte> bytes, string name)
    {
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new ArgumentException("The payload is not UTF-8 text, and DTM's HTTP protocol carries nothing else; use base64 or gRPC.", name, e);
        }
    }
}

using System.Text;
using System.Text.Json;
using Google.Protobuf;

namespace OrleansDtm.Client;

/// <summary>Serializes payloads, and deserializes them.</summary>
internal static class Payload
{
    /// <summary>Strict: binary data cannot be in DTM's JSON, and must not be changed silently.</summary>
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Bytes and messages are sent unchanged, not as base64 in JSON.</summary>
    public static byte[] Bytes<T>(T payload, JsonSerializerOptions json) => payload switch
    {
        byte[] bytes => bytes,
        ReadOnlyMemory<byte> bytes => bytes.ToArray(),
        Memory<byte> bytes => bytes.ToArray(),
        IMessage message => message.ToByteArray(),
        _ => JsonSerializer.SerializeToUtf8Bytes(payload, json),
    };

    /// <summary>The original value; the type's default when there is none.</summary>
    public static T? Read<T>(ReadOnlyMemory<byte> data, JsonSerializerOptions json)
    {
        if (typeof(T) == typeof(byte[]))
        {
            return (T)(object)data.ToArray();
        }

        if (typeof(T) == typeof(ReadOnlyMemory<byte>))
        {
            return (T)(object)data;
        }

        if (typeof(T) == typeof(Memory<byte>))
        {
            return (T)(object)new Memory<byte>(data.ToArray());
        }

        if (typeof(IMessage).IsAssignableFrom(typeof(T)) && !typeof(T).IsAbstract)
        {
            var message = (IMessage)Activator.CreateInstance<T>()!;
            message.MergeFrom(data.Span);
            return (T)message;
        }

        return data.Length == 0 ? default : JsonSerializer.Deserialize<T>(data.Span, json);
    }

    /// <summary>For DTM's JSON.</summary>
    /// <exception cref="ArgumentException">The bytes are not text.</exception>
    public static string Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new ArgumentException(
                "The payload is not UTF-8 text, which DTM's HTTP protocol requires; use base64 or gRPC.", e);
        }
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OrleansDtm.Client;

/// <summary>Serializes payloads, and deserializes them.</summary>
internal static class Payload
{
    /// <summary>By name: only the package for gRPC references Google.Protobuf.</summary>
    private const string ProtobufMessage = "Google.Protobuf.IMessage";

    private const string Reflection = "Only where reflection is enabled; a trimmed application has it disabled.";

    /// <summary>Strict: binary data cannot be in DTM's JSON, and must not be changed silently.</summary>
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Bytes and messages are sent unchanged, not as base64 in JSON.</summary>
    public static byte[] Bytes<T>(T payload, DtmOptions options) => payload switch
    {
        byte[] bytes => bytes,
        ReadOnlyMemory<byte> bytes => bytes.ToArray(),
        Memory<byte> bytes => bytes.ToArray(),
        _ when FormatOf(payload?.GetType(), options) is { } format => format.Bytes(payload!),
        _ => JsonSerializer.SerializeToUtf8Bytes(payload, JsonOf<T>(options.Json)),
    };

    /// <summary>The original value; the type's default when there is none.</summary>
    public static T? Read<T>(ReadOnlyMemory<byte> data, DtmOptions options)
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

        return FormatOf(typeof(T), options) is { } format ? (T)format.Read(typeof(T), data)
            : data.Length == 0 ? default
            : JsonSerializer.Deserialize(data.Span, JsonOf<T>(options.Json));
    }

    /// <summary>
    /// How a type is written. By reflection unless the options have a resolver, such as that of a source-generated
    /// context.
    /// </summary>
    /// <exception cref="NotSupportedException">The resolver does not know the type, or there is none in an application
    /// without reflection (trimmed, native AOT).</exception>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = Reflection)]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = Reflection)]
    public static JsonTypeInfo<T> JsonOf<T>(JsonSerializerOptions json)
    {
        if (!json.IsReadOnly && JsonSerializer.IsReflectionEnabledByDefault)
        {
            json.MakeReadOnly(populateMissingResolver: true);
        }

        return (JsonTypeInfo<T>)json.GetTypeInfo(typeof(T));
    }

    /// <exception cref="InvalidOperationException">A message whose format is not registered.</exception>
    [UnconditionalSuppressMessage(
        "Trimming", "IL2070", Justification = "Only for a clear error; a trimmed interface means no message.")]
    private static IPayloadFormat? FormatOf(Type? type, DtmOptions options)
    {
        if (type is null || type.IsAbstract)
        {
            return null;
        }

        return options.Formats.Find(format => format.Handles(type))
            ?? (type.GetInterface(ProtobufMessage) is null
                ? null
                : throw new InvalidOperationException(
                    $"{type.Name} is a protobuf message. Reference the package OrleansDtm.Client.Grpc and call "
                    + "services.AddProtobufPayloads(), or AddDtmGrpcClient(), which does that."));
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

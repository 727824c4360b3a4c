using System.Text;
using System.Text.Json;

namespace OrleansDtm.Client;

/// <summary>The response of a participant to a successful try or XA action.</summary>
public sealed class BranchResponse
{
    private readonly JsonSerializerOptions _json;

    internal BranchResponse(ReadOnlyMemory<byte> body, JsonSerializerOptions json)
    {
        Body = body;
        _json = json;
    }

    /// <summary>The body; may be empty.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>Deserializes JSON with <see cref="DtmOptions.Json"/>.</summary>
    /// <returns>Null when the JSON is null.</returns>
    /// <exception cref="JsonException">The body is not such JSON.</exception>
    public T? Read<T>() => JsonSerializer.Deserialize(Body.Span, Payload.JsonOf<T>(_json));

    /// <summary>The body as UTF-8 text.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Body.Span);
}

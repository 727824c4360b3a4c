namespace OrleansDtm.Client;

/// <summary>A format of payloads beside JSON.</summary>
internal interface IPayloadFormat
{
    /// <summary>Returns true if values of this type have the format.</summary>
    bool Handles(Type type);

    /// <summary>Serializes a value.</summary>
    byte[] Bytes(object payload);

    /// <summary>Deserializes a value.</summary>
    object Read(Type type, ReadOnlyMemory<byte> data);
}

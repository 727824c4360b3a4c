using Google.Protobuf;

namespace OrleansDtm.Client.Grpc;

/// <summary>Protobuf messages, byte for byte.</summary>
internal sealed class ProtobufFormat : IPayloadFormat
{
    public bool Handles(Type type) => typeof(IMessage).IsAssignableFrom(type);

    public byte[] Bytes(object payload) => ((IMessage)payload).ToByteArray();

    public object Read(Type type, ReadOnlyMemory<byte> data)
    {
        var message = (IMessage)Activator.CreateInstance(type)!;
        message.MergeFrom(data.Span);
        return message;
    }
}

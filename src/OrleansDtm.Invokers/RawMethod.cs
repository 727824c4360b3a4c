using System.Buffers;
using Grpc.Core;

namespace OrleansDtm.Invokers;

/// <summary>
/// A unary method whose message is the payload, byte for byte: the coordinator does not know the services' types.
/// </summary>
internal static class RawMethod
{
    private static readonly object Answered = new();

    private static readonly Marshaller<BranchInvocation> Payload = Marshallers.Create(
        static (BranchInvocation call, SerializationContext context) =>
        {
            context.SetPayloadLength(call.Payload.Length);
            context.GetBufferWriter().Write(call.Payload.Span);
            context.Complete();
        },
        static _ => throw new NotSupportedException());

    /// <summary>The response message is ignored and not copied.</summary>
    private static readonly Marshaller<object> Ignored = Marshallers.Create(
        static (object _, SerializationContext _) => throw new NotSupportedException(),
        static _ => Answered);

    /// <summary>The response message, byte for byte, for a result.</summary>
    private static readonly Marshaller<object> Kept = Marshallers.Create(
        static (object _, SerializationContext _) => throw new NotSupportedException(),
        static context => context.PayloadAsNewBuffer());

    public static Method<BranchInvocation, object> Of(string service, string method) =>
        new(MethodType.Unary, service, method, Payload, Ignored);

    /// <summary>The same method; its response is the message as bytes.</summary>
    public static Method<BranchInvocation, object> WithAnswer(Method<BranchInvocation, object> method) =>
        new(MethodType.Unary, method.ServiceName, method.Name, Payload, Kept);
}

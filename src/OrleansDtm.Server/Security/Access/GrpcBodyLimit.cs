using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Apis;

namespace OrleansDtm.Server.Security.Access;

/// <summary>
/// The message size limit of a caller. Over HTTP the web server enforces it; for gRPC its error would have no reason.
/// </summary>
internal sealed class GrpcBodyLimit(CallerLimits limits) : Interceptor
{
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        if (context.GetHttpContext().Features.Get<Caller>() is { } caller
            && limits.BytesMax(caller) is { } bytes
            && request is IMessage message
            && message.CalculateSize() > bytes)
        {
            throw GrpcAnswers.Error(
                StatusCode.ResourceExhausted,
                $"the message is larger than the limit of {bytes} bytes of '{caller.Name}'",
                AnswerOutcomes.Invalid);
        }

        return continuation(request, context);
    }
}

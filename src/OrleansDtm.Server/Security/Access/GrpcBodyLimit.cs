using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Apis;

namespace OrleansDtm.Server.Security.Access;

/// <summary>What one caller may send at most. Over HTTP the web server counts; of a gRPC message it could say only that something went wrong.</summary>
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
                $"the message is larger than the {bytes} bytes that '{caller.Name}' may send",
                AnswerOutcomes.Invalid);
        }

        return continuation(request, context);
    }
}

using System.Diagnostics;
using Grpc.Core;
using Grpc.Core.Interceptors;
using OrleansDtm.Grains.Tracing;

namespace OrleansDtm.Server.Telemetry;

/// <summary>A span for each call of the gRPC API.</summary>
internal sealed class GrpcTracing : Interceptor
{
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
        DtmTracing.Source.HasListeners() ? Trace(request, context, continuation) : continuation(request, context);

    private static async Task<TResponse> Trace<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        where TRequest : class
        where TResponse : class
    {
        var name = context.Method.TrimStart('/');
        var slash = name.LastIndexOf('/');
        using var span = DtmTracing.Start(
            name, ActivityKind.Server, HttpTracing.CallerOf(context.GetHttpContext().Request));
        span?.SetTag("rpc.system", "grpc").SetTag("rpc.service", name[..slash]).SetTag(
            "rpc.method", name[(slash + 1)..]);
        var status = StatusCode.Unknown;
        try
        {
            var response = await continuation(request, context);
            status = StatusCode.OK;
            return response;
        }
        catch (RpcException e)
        {
            status = e.StatusCode;
            throw;
        }
        finally
        {
            span?.SetTag("rpc.grpc.status_code", (int)status);
            if (span is not null && status is StatusCode.Unknown or StatusCode.Internal or StatusCode.Unavailable
                or StatusCode.DeadlineExceeded)
            {
                DtmTracing.Fail(span!, status.ToString());
            }
        }
    }
}

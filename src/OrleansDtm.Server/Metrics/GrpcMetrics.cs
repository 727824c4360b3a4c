using System.Collections.Concurrent;
using System.Diagnostics;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace OrleansDtm.Server.Metrics;

/// <summary>Records each call of the gRPC API. Outermost interceptor, so that it sees the final status.</summary>
internal sealed class GrpcMetrics(ApiMetrics metrics) : Interceptor
{
    /// <summary>One entry for each method of the service.</summary>
    private static readonly ConcurrentDictionary<string, string> Names = new();

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
        metrics.Enabled ? Measure(request, context, continuation) : continuation(request, context);

    private async Task<TResponse> Measure<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        where TRequest : class
        where TResponse : class
    {
        var started = Stopwatch.GetTimestamp();
        var status = "fail";
        try
        {
            var response = await continuation(request, context);
            status = "ok";
            return response;
        }
        finally
        {
            var name = Names.GetOrAdd(
                context.Method, static method => method[(method.LastIndexOf('/') + 1)..].ToLowerInvariant());
            metrics.Record("grpc", name, status, Stopwatch.GetElapsedTime(started));
        }
    }
}

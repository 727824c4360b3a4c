using System.Collections.Concurrent;
using System.Diagnostics;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace OrleansDtm.Server.Metrics;

/// <summary>Records each call of the gRPC API. Outermost, so that it sees the status the caller is told.</summary>
internal sealed class GrpcMetrics(ApiMetrics metrics) : Interceptor
{
    /// <summary>As many as the service has methods: no other call gets here.</summary>
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
            var name = Names.GetOrAdd(context.Method, static method => method[(method.LastIndexOf('/') + 1)..].ToLowerInvariant());
            metrics.Record("grpc", name, status, Stopwatch.GetElapsedTime(started));
        }
    }
}

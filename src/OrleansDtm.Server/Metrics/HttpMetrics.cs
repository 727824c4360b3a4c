using System.Collections.Concurrent;
using System.Diagnostics;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing.Patterns;
using OrleansDtm.Server.Apis;

namespace OrleansDtm.Server.Metrics;

/// <summary>
/// Records each HTTP request with the name of its route. JSON-RPC and gRPC record themselves, with their own results.
/// </summary>
internal sealed class HttpMetrics(RequestDelegate next, ApiMetrics metrics)
{
    /// <summary>Null = not recorded. One entry for each route.</summary>
    private readonly ConcurrentDictionary<Endpoint, string?> _names = new();

    public Task InvokeAsync(HttpContext context) => metrics.Enabled ? Measure(context) : next(context);

    private async Task Measure(HttpContext context)
    {
        var started = Stopwatch.GetTimestamp();
        await next(context);
        var name = context.GetEndpoint() is { } endpoint ? _names.GetOrAdd(endpoint, NameOf) : ApiMetrics.Unknown;
        if (name is not null)
        {
            metrics.Record(
                "http", name, context.Response.StatusCode >= 400 ? "fail" : "ok", Stopwatch.GetElapsedTime(started));
        }
    }

    /// <summary>The last fixed part of the route: submit, newgid, topic.</summary>
    private static string? NameOf(Endpoint endpoint)
    {
        // The admin page polls every few seconds; that is not use of the coordinator.
        if (endpoint.Metadata.GetMetadata<IDisableHttpMetricsMetadata>() is not null
            || endpoint.Metadata.GetMetadata<GrpcMethodMetadata>() is not null
            || endpoint is not RouteEndpoint route
            || route.RoutePattern.RawText == JsonRpcApi.Path)
        {
            return null;
        }

        for (var i = route.RoutePattern.PathSegments.Count - 1; i >= 0; i--)
        {
            if (route.RoutePattern.PathSegments[i].Parts is [RoutePatternLiteralPart literal])
            {
                return literal.Content.ToLowerInvariant();
            }
        }

        return ApiMetrics.Unknown;
    }
}

using System.Diagnostics;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Apis;

namespace OrleansDtm.Server.Telemetry;

/// <summary>
/// A span for each request of the HTTP and JSON-RPC APIs, not for probes and scrapes. gRPC has its own.
/// </summary>
internal sealed class HttpTracing(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context) =>
        DtmTracing.Source.HasListeners() && IsApi(context.Request.Path) ? Trace(context) : next(context);

    /// <summary>The trace context of a request: its span, or, without tracing, its headers.</summary>
    public static void Attach(HttpContext context, TransactionRequest request)
    {
        if (DtmTracing.Attach(request))
        {
            return;
        }

        var headers = context.Request.Headers;
        if (headers.TraceParent is { Count: 1 } parent)
        {
            request.TraceParent = parent;
            request.TraceState = headers.TraceState;
        }
    }

    /// <summary>The span's parent from the headers.</summary>
    public static ActivityContext CallerOf(HttpRequest request)
    {
        var (parent, state) = TraceHeaders.Check(
            request.Headers.TraceParent is { Count: 1 } header ? (string?)header : null, request.Headers.TraceState);
        return DtmTracing.ContextOf(parent, state, isRemote: true);
    }

    private static bool IsApi(PathString path) =>
        path.StartsWithSegments("/api/dtmsvr", StringComparison.OrdinalIgnoreCase)
        || path.StartsWithSegments(JsonRpcApi.Path, StringComparison.OrdinalIgnoreCase);

    private async Task Trace(HttpContext context)
    {
        var request = context.Request;
        using var span = DtmTracing.Start(request.Method, ActivityKind.Server, CallerOf(request));
        await next(context);
        if (span is not { IsAllDataRequested: true })
        {
            return;
        }

        span.SetTag("http.request.method", request.Method);
        span.SetTag("url.scheme", request.Scheme);
        span.SetTag("http.response.status_code", context.Response.StatusCode);
        if ((context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText is { } route)
        {
            // The raw path has unbounded values; routes are few.
            span.DisplayName = span.GetTagItem("rpc.method") is { } method
                ? $"json-rpc {method}"
                : $"{request.Method} {route}";
            span.SetTag("http.route", route);
        }

        if (context.Response.StatusCode >= 500)
        {
            DtmTracing.Fail(span, $"{context.Response.StatusCode}");
        }
    }
}

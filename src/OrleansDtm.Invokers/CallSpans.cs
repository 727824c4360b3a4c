using System.Diagnostics;

namespace OrleansDtm.Invokers;

/// <summary>
/// Tags of a call's span, with OpenTelemetry's names. Of the URL only scheme and path: user, password and query may be
/// secret.
/// </summary>
internal static class CallSpans
{
    public const string Parent = "traceparent";
    public const string State = "tracestate";
    public const string GrpcStatus = "rpc.grpc.status_code";

    /// <summary>
    /// A header of the trace context, which is sent as a whole: <see cref="BranchInvocation.ToldTrace"/>.
    /// </summary>
    public static bool IsTrace(string header) =>
        header.Equals(Parent, StringComparison.OrdinalIgnoreCase)
        || header.Equals(State, StringComparison.OrdinalIgnoreCase);

    public static void Describe(Activity? span, HttpRequestMessage request)
    {
        if (span is { IsAllDataRequested: true } && request.RequestUri is { } url)
        {
            span.SetTag("http.request.method", request.Method.Method);
            span.SetTag("url.scheme", url.Scheme);
            span.SetTag("url.path", url.AbsolutePath);
        }
    }

    public static void Describe(Activity? span, GrpcTarget target)
    {
        if (span is { IsAllDataRequested: true })
        {
            span.SetTag("rpc.system", "grpc");
            span.SetTag("rpc.service", target.Service);
            span.SetTag("rpc.method", target.Method);
        }
    }
}

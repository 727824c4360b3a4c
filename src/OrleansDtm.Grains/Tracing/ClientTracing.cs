using System.Diagnostics;
using OrleansDtm.Abstractions;
using TraceSpan = System.Diagnostics.Activity;

namespace OrleansDtm.Grains.Tracing;

/// <summary>The span of an Orleans client's request.</summary>
internal static class ClientTracing
{
    /// <summary>True if the source has a listener.</summary>
    public static bool IsOn => DtmTracing.Source.HasListeners();

    /// <summary>Runs a request within its span.</summary>
    /// <param name="method">The method of ITransactions.</param>
    /// <param name="gid">The gid.</param>
    /// <param name="trace">The request's trace context; default = none, then that of Orleans is used.</param>
    /// <param name="serve">Handles the request.</param>
    public static async Task<TransactionReply> Serve(
        string method, string gid, (string? Parent, string? State) trace, Func<Task<TransactionReply>> serve)
    {
        var (parent, state) = trace.Parent is not null
            ? trace
            : TraceHeaders.Check(
                RequestContext.Get(TraceHeaders.Parent) as string, RequestContext.Get(TraceHeaders.State) as string);
        using var span = DtmTracing.Start(
            $"ITransactions/{method}", ActivityKind.Server, TraceSpan.Current?.Context
                ?? DtmTracing.ContextOf(parent, state, isRemote: true));
        span?.SetTag("rpc.system", "orleans").SetTag(
            "rpc.service", "ITransactions").SetTag("rpc.method", method);
        if (span is not null && gid is not null)
        {
            DtmTracing.SetGid(span, gid);
        }

        var reply = await serve();
        if (span is not null && reply.Kind != ReplyKind.Ok)
        {
            DtmTracing.Fail(span, reply.Kind.ToString());
        }

        return reply;
    }
}
